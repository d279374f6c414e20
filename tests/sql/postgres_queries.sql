-- arithmetic of whole numbers
SELECT small + n AS x, n * 2 AS y, big - 1 AS z FROM numbers WHERE n BETWEEN -100 AND 100
SELECT small + 1::smallint AS x FROM numbers
SELECT small + 1 AS x FROM numbers
SELECT n + 1 AS x FROM numbers
SELECT -n AS x, abs(n) AS y FROM numbers WHERE n > -2147483648
SELECT -n AS x FROM numbers
SELECT n / 7 AS x, -n / 2 AS y, big / 7 AS z, 7 / 2 AS w FROM numbers WHERE n > -2147483648
SELECT n / 0 AS x FROM numbers
SELECT 7 / n AS x FROM numbers
SELECT n / NULL::int AS x FROM numbers
SELECT n % 7 AS x, n % -7 AS y, mod(big, 3::bigint) AS z FROM numbers
SELECT n % 0 AS x FROM numbers
SELECT n & 12 AS a, n | 1 AS b, n # 5 AS c, ~n AS d FROM numbers
SELECT 2147483648 AS a, -2147483648 AS b, 99999999999999999999 AS c
SELECT tiny + 1 AS x, tiny AS y FROM numbers
SELECT huge + 1 AS x, huge * 2 AS y FROM numbers
SELECT sign(n) AS x FROM numbers
SELECT n << 2 AS x FROM numbers
SELECT 2 ^ 3 AS x
SELECT n ! AS x FROM numbers
-- numerics and division
SELECT p + q AS a, p - q AS b, q * 2 AS c, q + 1 AS d FROM numbers
SELECT p * q AS a, q * q AS b FROM numbers
SELECT n + 1.5 AS a, small * 0.1 AS b, big - 0.25 AS c FROM numbers
SELECT p / q AS x FROM numbers WHERE q <> 0
SELECT price / 3 AS x FROM items
SELECT price / 3::double precision AS a, CAST(price AS double precision) / 7 AS b FROM items
SELECT price / 0 AS x FROM items
SELECT price % 3 AS a, price % 0.7 AS b, -price % 2 AS c FROM items
SELECT wide + wide AS a, wide * 2 AS b FROM numbers
SELECT round(price, 1) AS a, round(price) AS b, round(q) AS c, round(p, 3) AS d FROM items, numbers
SELECT round(-2.5) AS a, round(2.5) AS b, round(3.45, 1) AS c, trunc(2.7) AS d, trunc(-2.7) AS e
SELECT ceil(price) AS a, floor(price) AS b, ceiling(q) AS c, floor(p) AS d FROM items, numbers
SELECT CAST(price AS int) AS a, CAST(q AS bigint) AS b, CAST(p AS numeric(18,2)) AS c, CAST(q AS double precision) AS d FROM items, numbers WHERE id <> 5
SELECT CAST(2.5 AS int) AS a, CAST(-2.5 AS int) AS b, CAST(3.5 AS int) AS c
SELECT CAST(price AS numeric(4,1)) AS x FROM items
SELECT 1.25::numeric(3,1) AS a, -1.25::numeric(3,1) AS b
SELECT 1.5 AS a, .5 AS b, 1.50 AS c, 1e3 AS d, 1.5e-3 AS e, 100.0 AS f
SELECT 1.5 + 2 AS a, 1.5 * 1.5 AS b, 2.5 - 3 AS d
SELECT price = 1.25 AS a, price > 1 AS b, n < 1.5 AS d FROM items, numbers
SELECT coalesce(price, 0) AS a, coalesce(q, 0.25) AS b, greatest(price, 1) AS c, least(q, 0.01) AS d FROM items, numbers
SELECT CAST(price AS text) AS a, q::text AS b, huge::text AS c FROM items, numbers
SELECT abs(price) AS a, -price AS b, nullif(price, 0) AS c FROM items
SELECT sum(price) AS s, min(price) AS b, max(price) AS c FROM items
SELECT avg(price) AS x FROM items
SELECT avg(price::double precision) AS x FROM items
SELECT sum(q) AS a, sum(p) AS b FROM numbers
SELECT price::numeric AS x FROM items
SELECT mod(price, 0.3) AS x FROM items
SELECT sum(price * 2) AS a, sum(-price) AS b, sum(price + 0.5) AS c FROM items
SELECT stddev(price) AS x FROM items
-- floating numbers
SELECT d + 1 AS a, d * 2.5 AS b, d - n AS c, d + p AS e, -d AS f FROM numbers
SELECT weight / 2 AS a FROM items
SELECT weight / 0 AS x FROM items
SELECT 1 / weight AS x FROM items WHERE weight <> 0
SELECT id FROM items WHERE weight = weight ORDER BY id
SELECT id, weight FROM items ORDER BY weight, id
SELECT id, weight FROM items ORDER BY weight DESC, id
SELECT weight, count(*) AS c FROM items GROUP BY weight
SELECT min(weight) AS a, max(weight) AS b FROM items
SELECT DISTINCT weight FROM items
SELECT count(DISTINCT weight) AS c FROM items
SELECT nullif(weight, 0) AS a, weight = 0 AS b FROM items
SELECT CAST(d AS int) AS a, CAST(d AS bigint) AS b, CAST(2.5::double precision AS int) AS c, CAST(3.5::double precision AS int) AS e FROM numbers
SELECT CAST(weight AS int) AS x FROM items
SELECT CAST(weight AS text) AS x FROM items
SELECT CAST(d AS numeric(10,2)) AS x FROM numbers
SELECT sqrt(d) AS x FROM numbers WHERE d >= 0
SELECT sqrt(d) AS x FROM numbers
SELECT ln(d) AS a, log(d) AS b, exp(d / 1e6) AS c, cbrt(d) AS e, power(d, 2) AS f FROM numbers WHERE d > 0
SELECT ln(0::double precision) AS x
SELECT sqrt(4) AS a, power(2, 3) AS b, pi() AS c, degrees(1) AS d, atan(1) AS e
SELECT sqrt(price) AS x FROM items
SELECT ceil(d) AS a, floor(d) AS b, trunc(d) AS c, round(d) AS e FROM numbers
SELECT round(d::numeric, 1) AS x FROM numbers
SELECT f + 1 AS x FROM numbers
SELECT f::double precision + 1 AS x, f AS y, f > 0 AS z FROM numbers
SELECT avg(d) AS a, sum(d) AS b, stddev(d) AS c, variance(d) AS e, var_pop(d) AS g FROM numbers WHERE n BETWEEN -100 AND 100
SELECT stddev(d) AS a, stddev_pop(d) AS b FROM numbers WHERE n = 100
SELECT weight % 2 AS x FROM items
-- casts of texts
SELECT code::int AS x FROM codes WHERE code IN ('1', '-20', ' 42 ')
SELECT code::int AS x FROM codes
SELECT code::double precision AS x FROM codes
SELECT CAST(code AS numeric(10,2)) AS x FROM codes
SELECT day::date AS x FROM codes
SELECT moment::timestamp AS x FROM codes
SELECT flag::boolean AS x FROM codes
SELECT '5'::int AS a, ' 7 '::bigint AS b, '-1.5'::double precision AS c
SELECT 'abc'::int AS x
SELECT '1.5'::int AS x
SELECT '2024-02-30'::date AS x
SELECT name::int AS x FROM items
SELECT n::text AS a, ok::text AS b, made::text AS c, sold::text AS d FROM numbers, items
SELECT small::bigint AS a, big::int AS b FROM numbers WHERE n BETWEEN -100 AND 100
SELECT big::int AS x FROM numbers
SELECT n::boolean AS a, ok::int AS b FROM numbers, items
SELECT name::varchar(3) AS x FROM items
SELECT moment::timestamptz AS x FROM codes
SELECT CAST(made AS timestamp) AS a, CAST(sold AS date) AS b FROM items
SELECT id = '1' AS x FROM items
-- texts
SELECT name || '-' || kind AS a, name || id AS b, 'a' || NULL AS c FROM items
SELECT name || id AS x, 1 || name AS y FROM items
SELECT concat(name, kind) AS a, concat(name, 1, NULL, kind) AS b, concat_ws(',', name, NULL, kind) AS c FROM items
SELECT concat('a', ok) AS x FROM items
SELECT length(name) AS a, char_length(name) AS b, octet_length(name) AS c FROM items
SELECT upper(name) AS a, lower(name) AS b FROM items WHERE id < 3
SELECT trim(name) AS a, ltrim(name) AS b, rtrim(name) AS c, trim(BOTH 'a' FROM name) AS d, btrim(name, 'A') AS e FROM items
SELECT substring(name, 2) AS a, substr(name, 2, 3) AS b, substring(name FROM 2 FOR 3) AS c, substring(name FROM 2) AS d FROM items
SELECT substring(name, 0, 3) AS x FROM items
SELECT substring(name FROM 'a.') AS x FROM items
SELECT left(name, 2) AS a, right(name, 2) AS b, left(name, 0) AS c FROM items
SELECT left(name, -1) AS x FROM items
SELECT strpos(name, 'a') AS a, position('a' IN name) AS b FROM items
SELECT replace(name, 'a', 'b') AS a, repeat(name, 2) AS b, reverse(name) AS c FROM items
SELECT lpad(name, 8) AS a, rpad(name, 3, 'xy') AS b, lpad(kind, 7, '*') AS c FROM items
SELECT split_part(name, 'a', 1) AS a, split_part(name, 'a', 3) AS b FROM items
SELECT starts_with(name, 'A') AS x FROM items
SELECT md5(name) AS x FROM items
SELECT name < 'b' AS x FROM items
SELECT name COLLATE "C" < 'b' AS x FROM items
SELECT id, name FROM items ORDER BY name
SELECT id, name FROM items ORDER BY name COLLATE "C", id
SELECT id, name FROM items ORDER BY name COLLATE "C" DESC, id
SELECT min(name) AS x FROM items
SELECT min(name COLLATE "C") AS a, max(kind COLLATE "C") AS b FROM items
SELECT name = 'Apple' AS a, name <> kind AS b, name IN ('Apple', 'x') AS c FROM items
SELECT 'a ' = 'a' AS x, '' = '' AS y
SELECT initcap(name) AS x FROM items
SELECT coalesce(name, 'none') AS a, nullif(name, '') AS b FROM items
SELECT greatest(name, 'b') AS x FROM items
SELECT name COLLATE "de_DE" AS x FROM items
SELECT translate(name, 'ab', 'x') AS x FROM items
SELECT format('%s', name) AS x FROM items
-- texts written out
SELECT 'it''s' AS a, 'back\slash' AS b, 'tab\tend' AS c
SELECT E'a\nb' AS x
SELECT $$x$$ AS x
SELECT 'é' AS a, 'ΣΑΣ' AS b, '' AS c
SELECT U&'\0041' AS x
SELECT B'101' AS x
SELECT '${amount}' AS x
SELECT 'a' 'b' AS x
-- LIKE and patterns
SELECT id, name LIKE 'A%' AS a, name LIKE '_anana' AS b, name NOT LIKE '%a%' AS c FROM items
SELECT id FROM items WHERE name LIKE '%5\%' ORDER BY id
SELECT id FROM items WHERE name LIKE '%a\_b%' ORDER BY id
SELECT id FROM items WHERE name LIKE '%b\\c%' ORDER BY id
SELECT id FROM items WHERE name LIKE '%5!%' ESCAPE '!' ORDER BY id
SELECT id, name ILIKE 'a%' AS a, name ILIKE '%E' AS b, kind NOT ILIKE 'FRUIT' AS c FROM items
SELECT name LIKE kind AS x FROM items
SELECT name LIKE 'a\b' AS x FROM items
SELECT id, name ~ '^A' AS a, name ~ 'an+' AS b, name ~ '[0-9]' AS c, name ~ 'a$' AS d FROM items
SELECT name !~ 'a' AS x FROM items
SELECT name ~* 'APPLE' AS x FROM items
SELECT name SIMILAR TO 'A%' AS x FROM items
SELECT name ~ '(a|b)c' AS x, name ~ '\d' AS y FROM items
SELECT name ~ '(p|n)+' AS x FROM items
SELECT E'a\nb' ~ 'a.b' AS x
SELECT regexp_replace(name, '[aeiou]', '*') AS a, regexp_replace(name, '[aeiou]+', '*', 'g') AS b FROM items
SELECT regexp_replace(name, '(a|b)+', '*') AS x FROM items
SELECT regexp_match(name, 'a') AS x FROM items
-- dates and times
SELECT extract(year FROM made) AS a, extract(month FROM sold) AS b, extract(dow FROM made) AS c, extract(isodow FROM made) AS d, extract(doy FROM made) AS e FROM items
SELECT extract(quarter FROM made) AS a, extract(week FROM made) AS b, extract(hour FROM sold) AS c, extract(minute FROM sold) AS d, extract(second FROM sold) AS e FROM items
SELECT extract(epoch FROM sold) AS x FROM items
SELECT extract(epoch FROM made) AS x FROM items
SELECT date_part('year', made) AS a, date_part('dow', sold) AS b FROM items
SELECT made + 3 AS a, made - 3 AS b, made - DATE '2024-01-01' AS c, 3 + made AS d FROM items
SELECT made + INTERVAL '1 day' AS a, made + INTERVAL '1 month' AS b, made - INTERVAL '1' YEAR AS c, made + INTERVAL '2 weeks' AS d FROM items
SELECT sold + INTERVAL '1 hour' AS a, sold - INTERVAL '90 minutes' AS b, sold + INTERVAL '1 month' AS c FROM items
SELECT sold + INTERVAL '1 day 2 hours' AS x FROM items
SELECT sold - sold AS x FROM items WHERE id = 1
SELECT date_trunc('month', sold) AS a, date_trunc('week', sold) AS b, date_trunc('hour', sold) AS c, date_trunc('year', made::timestamp) AS d FROM items
SELECT date_trunc('month', made) AS x FROM items
SELECT date_trunc('month', made::timestamp)::date AS x FROM items
SELECT make_date(2024, 2, 29) AS x
SELECT make_date(2024, 2, 30) AS x
SELECT to_char(made, 'YYYY-MM-DD') AS a, to_char(sold, 'DD.MM.YY HH24:MI:SS') AS b, to_char(made, 'FMDay, DD Mon') AS c FROM items
SELECT to_char(made, 'Day') AS x FROM items
SELECT to_char(price, '999D99') AS x FROM items
SELECT age(made) AS x FROM items
SELECT now() AS x
SELECT current_date AS x
SELECT to_date('31.01.2024', 'DD.MM.YYYY') AS x
SELECT DATE '2024-02-29' AS a, TIMESTAMP '2024-01-31 10:00:00.25' AS b
SELECT id FROM items WHERE made > '2024-01-01' ORDER BY id
SELECT id FROM items WHERE made BETWEEN '2024-01-01' AND DATE '2024-12-31' ORDER BY id
SELECT id FROM items WHERE sold >= TIMESTAMP '2024-01-31 00:00:00' ORDER BY id
SELECT made < sold AS x FROM items
SELECT min(made) AS a, max(sold) AS b, count(DISTINCT made) AS c FROM items
SELECT zoned AS x FROM moments
SELECT id FROM moments ORDER BY zoned, id
SELECT zoned AT TIME ZONE 'UTC' AS x FROM moments
SELECT zoned AT TIME ZONE 'Europe/Berlin' AS x FROM moments
SELECT extract(hour FROM zoned) AS x FROM moments
SELECT zoned::date AS x FROM moments
SELECT zoned + INTERVAL '1 day' AS x FROM moments
SELECT overlaps(made, made) AS x FROM items
-- comparisons and logic
SELECT n = 1 AS a, n <> 1 AS b, n != 1 AS c, n IS DISTINCT FROM 0 AS e, n IS NOT DISTINCT FROM big AS f FROM numbers
SELECT n IS NULL AS a, n IS NOT NULL AS b, ok IS TRUE AS c, ok IS NOT TRUE AS d, ok IS FALSE AS e FROM numbers, items
SELECT n ISNULL AS a, n NOTNULL AS b FROM numbers
SELECT n IN (1, 100, NULL) AS a, n NOT IN (1, 2) AS b, kind IN ('fruit', 'other') AS c FROM numbers, items
SELECT n BETWEEN -10 AND 100 AS a, n NOT BETWEEN small AND big AS b FROM numbers
SELECT n BETWEEN SYMMETRIC 100 AND -10 AS a FROM numbers
SELECT ok AND n > 0 AS a, ok OR n > 0 AS b, NOT ok AS c FROM numbers, items
SELECT CASE WHEN n > 0 THEN 'p' WHEN n < 0 THEN 'm' ELSE 'z' END AS a, CASE n WHEN 100 THEN 1 WHEN 0 THEN 2 END AS b FROM numbers
SELECT CASE WHEN n > 0 THEN 1 ELSE 2.5 END AS a, CASE WHEN n > 0 THEN small ELSE big END AS b, CASE WHEN ok THEN made END AS c FROM numbers, items
SELECT coalesce(n, small, 0) AS a, coalesce(NULL, name, 'x') AS b FROM numbers, items
SELECT greatest(n, 5) AS a, least(n, small) AS b, greatest(NULL, 1) AS d FROM numbers, items
SELECT n = ANY(ARRAY[1, 100]) AS x FROM numbers
SELECT ok = true AS a, ok > false AS b FROM items
SELECT (n, small) = (1, 2) AS x FROM numbers
SELECT true AND NULL AS a, 1 = 1.0 AS b
SELECT n > 0 = true AS x FROM numbers
SELECT ok IS UNKNOWN AS x FROM items
SELECT NOT ok IS NULL AS x FROM items
-- names of columns
SELECT id, NAME, items.kind FROM items
SELECT count(*), sum(n), COUNT(n), max(n) FROM numbers WHERE n < 1000
SELECT id + 1, length(name), 'a', 1, id::text, price::double precision, true FROM items
SELECT CASE WHEN ok THEN 1 END, CASE WHEN ok THEN 1 ELSE id END, coalesce(id, 1), (SELECT max(id) FROM staff), (id) FROM items
SELECT extract(year FROM made), substring(name FROM 1 FOR 2), trim(name), position('a' IN name), '5'::int, DATE '2024-01-01', NOT ok FROM items
SELECT row_number() OVER (ORDER BY id), sum(id) FILTER (WHERE id > 1) OVER () FROM items
SELECT id AS "My Id", name AS Select_Me FROM items
SELECT "id" FROM "items"
SELECT "ID" FROM items
SELECT Id FROM Items
SELECT t.* FROM items AS t
SELECT *, id + 1 AS next FROM staff
SELECT id x, name AS y FROM items i
SELECT id AS a, a + 1 AS b FROM items
SELECT (SELECT 1 AS one), ARRAY[1], zoned AT TIME ZONE 'UTC' FROM moments
-- aggregates
SELECT count(*) AS a, count(n) AS b, count(DISTINCT kind) AS c, count(1) AS d FROM numbers, items
SELECT count(DISTINCT (kind, ok)) AS a FROM items
SELECT sum(n) AS a, sum(small) AS b, sum(big) AS c FROM numbers
SELECT avg(n) AS x FROM numbers
SELECT avg(CAST(n AS double precision)) AS x FROM numbers
SELECT sum(DISTINCT pay) AS a, min(DISTINCT pay) AS c FROM staff
SELECT sum(pay) AS a, min(pay) AS c, max(pay) AS d, count(pay) AS e FROM staff WHERE id > 100
SELECT sum(huge) AS x FROM numbers
SELECT bool_and(ok) AS a, bool_or(ok) AS b, every(ok) AS c FROM items
SELECT sum(pay) FILTER (WHERE dept = 'A') AS a, count(*) FILTER (WHERE pay > 100) AS b FROM staff
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY pay) AS a, percentile_cont(0.9) WITHIN GROUP (ORDER BY d) AS b FROM staff, numbers
SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY pay) AS a FROM staff
SELECT mode() WITHIN GROUP (ORDER BY pay) AS a FROM staff
SELECT array_agg(pay ORDER BY id) AS a, array_agg(id ORDER BY pay DESC, id) AS b FROM staff
SELECT array_agg(pay) AS a FROM staff
SELECT array_agg(pay ORDER BY id) AS a FROM staff WHERE id > 100
SELECT string_agg(dept, ',' ORDER BY id) AS a, string_agg(dept, '' ORDER BY dept COLLATE "C" DESC, id) AS b FROM staff
SELECT string_agg(dept, ',') AS a FROM staff
SELECT max(ok) AS x FROM items
SELECT sum(sum(pay)) OVER () AS x FROM staff GROUP BY dept
SELECT sum(pay) / count(*) AS x FROM staff
SELECT sum(pay) * 1.0 AS x FROM staff
-- GROUP BY
SELECT dept, count(*) AS c FROM staff GROUP BY dept
SELECT dept, count(*) AS c FROM staff GROUP BY 1
SELECT dept AS d, sum(pay) AS s FROM staff GROUP BY d
SELECT boss AS id, sum(pay) AS s FROM staff GROUP BY id, boss
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY ROLLUP (dept, boss)
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY CUBE (dept, boss)
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY GROUPING SETS ((dept), (boss), ())
SELECT dept, grouping(dept) AS g, count(*) AS c FROM staff GROUP BY ROLLUP (dept)
SELECT dept, count(*) AS c FROM staff GROUP BY dept HAVING c > 1
SELECT dept, count(*) AS c FROM staff GROUP BY dept HAVING count(*) > 1
SELECT extract(year FROM hired) AS y, count(*) AS c FROM staff GROUP BY extract(year FROM hired) ORDER BY y
SELECT boss, count(*) AS c FROM staff GROUP BY boss ORDER BY count(*) DESC, boss
SELECT dept, count(*) FROM staff GROUP BY ALL
SELECT count(*) AS c FROM staff HAVING count(*) > 100
-- ORDER BY and LIMIT
SELECT id, boss FROM staff ORDER BY boss, id
SELECT id, boss FROM staff ORDER BY boss DESC, id
SELECT id, boss FROM staff ORDER BY boss NULLS FIRST, id
SELECT id, boss FROM staff ORDER BY boss DESC NULLS LAST, id
SELECT id, pay AS p FROM staff ORDER BY p DESC, 1
SELECT id FROM staff ORDER BY pay + id
SELECT id, -pay AS pay FROM staff ORDER BY pay, id
SELECT id, -pay AS pay FROM staff ORDER BY pay + 0, id
SELECT id FROM staff ORDER BY id LIMIT 2
SELECT id FROM staff ORDER BY id LIMIT 2 OFFSET 3
SELECT id FROM staff ORDER BY id OFFSET 4
SELECT id FROM staff ORDER BY id FETCH FIRST 2 ROWS ONLY
SELECT id FROM staff ORDER BY id FETCH FIRST 2 ROWS WITH TIES
SELECT DISTINCT boss FROM staff ORDER BY boss
SELECT DISTINCT ON (dept) dept, id FROM staff ORDER BY dept COLLATE "C", id
SELECT id FROM staff ORDER BY id LIMIT ALL
SELECT id FROM staff ORDER BY id USING >
SELECT ok, id FROM items ORDER BY ok, id
SELECT id FROM staff FOR UPDATE
-- joins
SELECT s.id, d.title FROM staff s JOIN depts d ON s.dept = d.dept ORDER BY s.id
SELECT s.id, d.title FROM staff s LEFT JOIN depts d ON s.dept = d.dept ORDER BY s.id
SELECT s.id, d.title FROM staff s RIGHT JOIN depts d ON s.dept = d.dept
SELECT s.id, d.title FROM staff s FULL OUTER JOIN depts d ON s.dept = d.dept
SELECT dept, id, title FROM staff JOIN depts USING (dept)
SELECT * FROM staff LEFT JOIN depts USING (dept)
SELECT * FROM staff RIGHT JOIN depts USING (dept)
SELECT dept, id, title FROM staff FULL JOIN depts USING (dept)
SELECT s.id, d.title FROM staff s CROSS JOIN depts d
SELECT s.id, d.title FROM staff s, depts d WHERE s.dept = d.dept
SELECT * FROM staff NATURAL JOIN depts
SELECT a.id, b.id AS boss_id FROM staff a JOIN staff b ON a.boss = b.id AND a.pay < b.pay
SELECT s.id, x.c FROM staff s LEFT JOIN LATERAL (SELECT count(*) AS c FROM depts d WHERE d.dept = s.dept) x ON true
SELECT s.id, x.n FROM staff s JOIN (SELECT dept, count(*) AS n FROM depts GROUP BY dept) x ON s.dept = x.dept
SELECT s.id FROM staff s LEFT JOIN depts d USING (dept) WHERE d.dept IS NULL
-- subqueries
SELECT id FROM staff WHERE pay > (SELECT max(pay) FROM staff) - 100 ORDER BY id
SELECT id FROM staff WHERE dept IN (SELECT dept FROM depts) ORDER BY id
SELECT id FROM staff WHERE dept NOT IN (SELECT dept FROM depts WHERE dept IS NOT NULL) ORDER BY id
SELECT id FROM staff WHERE dept NOT IN (SELECT dept FROM depts) ORDER BY id
SELECT id FROM staff s WHERE EXISTS (SELECT 1 FROM depts d WHERE d.dept = s.dept) ORDER BY id
SELECT id FROM staff s WHERE NOT EXISTS (SELECT 1 FROM depts d WHERE d.dept = s.dept) ORDER BY id
SELECT id, (SELECT max(floor) FROM depts d WHERE d.dept = s.dept) AS t FROM staff s ORDER BY id
SELECT id, (SELECT title FROM depts d WHERE d.dept = s.dept) AS t FROM staff s ORDER BY id
SELECT (SELECT title FROM depts WHERE floor = 1) AS t
SELECT (SELECT title FROM depts) AS t
SELECT x.d, x.c FROM (SELECT dept AS d, count(*) AS c FROM staff GROUP BY dept) x WHERE x.c > 1
SELECT d, c FROM (SELECT dept, count(*) FROM staff GROUP BY dept) AS t(d, c)
SELECT id FROM staff WHERE id = ANY (SELECT boss FROM staff) ORDER BY id
SELECT id FROM staff WHERE pay > ALL (SELECT 100) ORDER BY id
-- WITH
WITH a AS (SELECT dept, sum(pay) AS s FROM staff GROUP BY dept) SELECT * FROM a WHERE s > 100
WITH a(x, y) AS (SELECT id, pay FROM staff), b AS (SELECT x FROM a WHERE y > 100) SELECT * FROM b ORDER BY x
WITH staff AS (SELECT 1 AS id) SELECT * FROM staff
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r
WITH a AS MATERIALIZED (SELECT id FROM staff) SELECT a.id, b.id AS other FROM a JOIN a b ON a.id = b.id + 1 ORDER BY 1
WITH d AS (DELETE FROM staff RETURNING id) SELECT * FROM d
-- set operations
SELECT id FROM staff UNION SELECT floor FROM depts
SELECT id FROM staff UNION ALL SELECT floor FROM depts
SELECT id FROM staff INTERSECT SELECT boss FROM staff
SELECT id FROM staff EXCEPT SELECT boss FROM staff
SELECT boss FROM staff EXCEPT ALL SELECT 1
SELECT boss FROM staff INTERSECT ALL SELECT id FROM staff
SELECT 1 AS x UNION SELECT 2.5 ORDER BY x
SELECT small AS x FROM numbers UNION ALL SELECT big FROM numbers
SELECT id FROM staff UNION ALL SELECT id FROM items ORDER BY id DESC LIMIT 3
SELECT id, name FROM items UNION SELECT id, dept FROM staff
SELECT id FROM staff UNION ALL SELECT name FROM items
(SELECT id FROM staff ORDER BY id LIMIT 1) UNION ALL (SELECT id FROM items ORDER BY id DESC LIMIT 1)
-- window functions
SELECT id, row_number() OVER (ORDER BY id) AS r, rank() OVER (ORDER BY pay) AS k, dense_rank() OVER (ORDER BY pay DESC) AS d FROM staff
SELECT id, row_number() OVER (PARTITION BY dept ORDER BY pay DESC, id) AS r FROM staff
SELECT id, sum(pay) OVER (PARTITION BY dept) AS s, count(*) OVER (ORDER BY id) AS c FROM staff
SELECT id, sum(pay) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s, max(pay) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS m FROM staff
SELECT id, sum(pay) OVER (ORDER BY pay) AS s, sum(pay) OVER (ORDER BY pay RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS t FROM staff
SELECT id, sum(pay) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM staff
SELECT id, sum(pay) OVER (ORDER BY id GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM staff
SELECT id, sum(pay) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW EXCLUDE CURRENT ROW) AS s FROM staff
SELECT id, lag(pay) OVER (ORDER BY id) AS a, lead(pay, 2) OVER (ORDER BY id) AS b, lag(pay, 1, 0) OVER (ORDER BY id) AS c FROM staff
SELECT id, first_value(pay) OVER (ORDER BY id) AS a, last_value(pay) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS b, nth_value(pay, 2) OVER (ORDER BY id) AS c FROM staff
SELECT id, ntile(3) OVER (ORDER BY id) AS a, percent_rank() OVER (ORDER BY pay) AS b, cume_dist() OVER (ORDER BY pay) AS c FROM staff
SELECT id, rank() OVER w AS r, sum(pay) OVER w AS s FROM staff WINDOW w AS (PARTITION BY dept ORDER BY id)
SELECT id, row_number() OVER (ORDER BY name) AS r FROM items
-- arrays and FROM
SELECT id, l[1] AS a, l[5] AS b, l[0] AS c FROM nested
SELECT id, l[id] AS a FROM nested
SELECT l[-1] AS x FROM nested
SELECT l[1:2] AS x FROM nested
SELECT array_length(l, 1) AS a, cardinality(l) AS b FROM nested
SELECT ARRAY[1, 2, 3] AS a, ARRAY[1, 2.5] AS b, ARRAY['a', NULL] AS c
SELECT ARRAY[1, 2][1] AS x
SELECT s.a FROM nested
SELECT n.id, t.x FROM nested n CROSS JOIN unnest(n.l) AS t(x)
SELECT n.id, t.x FROM nested n, unnest(n.l) AS t(x)
SELECT n.id, t.x, t.o FROM nested n, unnest(n.l) WITH ORDINALITY AS t(x, o)
SELECT unnest(l) AS x FROM nested
SELECT * FROM generate_series(1, 3) AS g
SELECT i * 2 AS x FROM generate_series(1, 4) AS g(i)
SELECT * FROM generate_series(1, 10, 3) AS g
SELECT * FROM generate_series(3, 1) AS g(i)
SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t(x, y)
SELECT * FROM (VALUES (1, 2.5), (3, 4)) AS t(x, y)
SELECT * FROM items TABLESAMPLE BERNOULLI (50)
SELECT l = ARRAY[3, 1, 2] AS a FROM nested
SELECT bytes FROM moments
SELECT 1 AS x WHERE 1 = 0
SELECT 1; SELECT 2
INSERT INTO staff VALUES (1)
SELECT pg_sleep(1)
SELECT NULL AS x
