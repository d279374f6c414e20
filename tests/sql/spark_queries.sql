-- arithmetic of whole numbers
SELECT tiny + small AS x, small - tiny AS y, n * 2L AS z FROM numbers WHERE small BETWEEN -100 AND 100
SELECT tiny + 1 AS x FROM numbers
SELECT small * 2 AS x, big - 1 AS y FROM numbers WHERE n BETWEEN -100 AND 100
SELECT n + 1 AS x FROM numbers
SELECT tiny + tiny AS x FROM numbers
SELECT -n AS x, -tiny AS y FROM numbers WHERE n BETWEEN -100 AND 100
SELECT -n AS x FROM numbers
SELECT n / 7 AS x, big / 7 AS y, tiny / 2 AS z FROM numbers
SELECT 7 / n AS x FROM numbers
SELECT n / 0 AS x FROM numbers
SELECT n div 7 AS x, -n div 2 AS y FROM numbers WHERE n > -2147483648
SELECT n DIV 0 AS x FROM numbers
SELECT big div -1 AS x FROM numbers WHERE n BETWEEN -100 AND 100
SELECT big div -1 AS x FROM numbers
SELECT n % 7 AS x, n % -7 AS y, mod(big, 3) AS z, tiny % small AS w FROM numbers WHERE n <> 0
SELECT n % 0 AS x FROM numbers
SELECT pmod(n, 7) AS x, pmod(n, -7) AS y, pmod(big, 3) AS z FROM numbers
SELECT abs(n) AS x, abs(tiny) AS y FROM numbers WHERE n BETWEEN -100 AND 100
SELECT abs(tiny) AS x FROM numbers
SELECT sign(n) AS x, signum(tiny) AS y FROM numbers
SELECT n & 12 AS a, n | 1 AS b, n ^ 5 AS c, ~n AS d, tiny & small AS e FROM numbers
SELECT 2147483648 AS a, -2147483648 AS b, 99999999999999999999 AS c, 1Y AS d, 2S AS e, 3L AS f
SELECT 0 AS a, -5 AS b, +5 AS c
SELECT huge + 1 AS x FROM numbers
SELECT huge AS x, huge * 2 AS y FROM numbers
SELECT shiftleft(n, 2) AS x FROM numbers
-- division and decimals
SELECT p + q AS a, p - q AS b, q * 2 AS c, q + 1 AS d FROM numbers
SELECT p * q AS a, q * q AS b FROM numbers
SELECT n + 1.5 AS a, tiny * 0.1 AS b, big - 0.25 AS c FROM numbers
SELECT p / q AS x FROM numbers WHERE q <> 0
SELECT price / 3 AS a, price / 7.5 AS b, 10 / price AS c FROM items WHERE price <> 0
SELECT price / 0 AS x FROM items
SELECT price / n AS x FROM items, numbers WHERE n <> 0
SELECT q / 3 AS a, q / 0.7 AS b, -q / 3 AS c FROM numbers
SELECT price % 3 AS a, price % 0.7 AS b, -price % 2 AS c FROM items
SELECT q % 0.3 AS a, p % q AS b FROM numbers WHERE q <> 0
SELECT wide + wide AS x FROM numbers
SELECT wide * 2 AS x FROM numbers
SELECT wide / 3 AS x FROM numbers
SELECT round(price, 1) AS a, round(price) AS b, round(q) AS c, round(p, 3) AS d, round(p, 10) AS e FROM items, numbers
SELECT ceil(price) AS a, floor(price) AS b, ceiling(q) AS c, floor(p) AS d FROM items, numbers
SELECT CAST(price AS INT) AS a, CAST(q AS BIGINT) AS b, CAST(p AS DECIMAL(18,2)) AS c, CAST(q AS DOUBLE) AS d FROM items, numbers
SELECT CAST(price AS DECIMAL(4,1)) AS x FROM items
SELECT CAST(1.25 AS DECIMAL(3,1)) AS a, CAST(-1.25 AS DECIMAL(3,1)) AS b, CAST(1.35 AS DECIMAL(2,1)) AS c
SELECT 1.5 AS a, .5 AS b, 1.50 AS c, 100.0 AS d, -0.25 AS e, 1.5BD AS f
SELECT 1.5 + 2 AS a, 1.5 * 1.5 AS b, 1 / 3.0 AS c, 2.5 - 3 AS d
SELECT price = 1.25 AS a, price > 1 AS b, price <= 2.5D AS c, n < 1.5 AS d FROM items, numbers
SELECT coalesce(price, 0) AS a, coalesce(q, 0.25) AS b, greatest(price, 1) AS c, least(q, 0.01) AS d FROM items, numbers
SELECT CAST(price AS STRING) AS a, CAST(q AS STRING) AS b, CAST(huge AS STRING) AS c FROM items, numbers
SELECT abs(price) AS a, -price AS b, nullif(price, 0) AS c FROM items
SELECT avg(price) AS a, sum(price) AS s, min(price) AS b, max(price) AS c FROM items
SELECT kind, avg(price) AS a, sum(price) / count(*) AS b, avg(DISTINCT price) AS c FROM items GROUP BY kind
SELECT sum(q) AS a, avg(q) AS b, sum(p) AS c, avg(p) AS d FROM numbers
SELECT avg(price) AS a FROM items WHERE id > 100
SELECT sum(price * 2) AS a, sum(-price) AS b, sum(price + 0.5) AS c FROM items
-- floating numbers
SELECT d + 1 AS a, d * 2.5 AS b, d - n AS c, d + p AS e, -d AS f FROM numbers
SELECT weight / 2 AS a, weight / price AS b FROM items WHERE price <> 0
SELECT weight / 0 AS x FROM items
SELECT 1 / weight AS x FROM items WHERE weight <> 0
SELECT 1 / weight AS x FROM items
SELECT weight % 2 AS x FROM items WHERE id < 4
SELECT id FROM items WHERE weight = weight ORDER BY id
SELECT id FROM items WHERE weight > 1e308D ORDER BY id
SELECT id, weight FROM items ORDER BY weight, id
SELECT id, weight FROM items ORDER BY weight DESC, id
SELECT weight, count(*) AS c FROM items GROUP BY weight
SELECT min(weight) AS a, max(weight) AS b FROM items
SELECT DISTINCT weight FROM items
SELECT count(DISTINCT weight) AS c FROM items
SELECT isnan(weight) AS a, weight IS NULL AS b, nullif(weight, 0) AS c FROM items
SELECT weight = 0 AS a, weight = -0.0D AS b, weight <=> 0 AS c FROM items
SELECT 1e3 AS a, 1.5D AS b, 1.5e-3 AS c, -2e0 AS d, 1.5F AS e
SELECT CAST(d AS INT) AS a, CAST(d AS BIGINT) AS b, CAST(2.5D AS INT) AS c, CAST(-2.5D AS INT) AS e FROM numbers
SELECT CAST(weight AS INT) AS x FROM items
SELECT CAST(weight AS STRING) AS x FROM items
SELECT CAST(d AS DECIMAL(10,2)) AS x FROM numbers
SELECT sqrt(d) AS a, exp(d / 1e6) AS b, cbrt(d) AS c, power(d, 2) AS e FROM numbers
SELECT ln(d) AS a, log(d) AS b, log10(d) AS c, log2(d) AS e FROM numbers
SELECT ln(0) AS a, sqrt(-1) AS b, log10(-5) AS c, pi() AS d
SELECT degrees(1) AS a, radians(180) AS b, atan(1) AS c
SELECT ceil(d) AS a, floor(d) AS b FROM numbers
SELECT ceil(weight) AS x FROM items
SELECT round(weight, 1) AS x FROM items WHERE id < 4
SELECT greatest(weight, 1) AS a, least(weight, d) AS b FROM items, numbers
SELECT f + 1 AS x FROM numbers
SELECT CAST(f AS DOUBLE) + 1 AS x, f AS y, f > 0 AS z FROM numbers
SELECT avg(d) AS a, sum(d) AS b, stddev(d) AS c, variance(n) AS e FROM numbers WHERE n BETWEEN -100 AND 100
SELECT stddev(d) AS a, stddev_pop(d) AS b, var_pop(d) AS c, var_samp(d) AS e FROM numbers WHERE n = 100
-- casts of texts
SELECT CAST(code AS INT) AS x FROM codes WHERE code IN ('1', '-20')
SELECT CAST(code AS INT) AS x FROM codes
SELECT CAST(code AS DOUBLE) AS x FROM codes
SELECT CAST(code AS DECIMAL(10,2)) AS x FROM codes
SELECT CAST(day AS DATE) AS x FROM codes
SELECT CAST(moment AS TIMESTAMP_NTZ) AS x FROM codes
SELECT CAST(moment AS TIMESTAMP) AS x FROM codes
SELECT CAST(flag AS BOOLEAN) AS x FROM codes
SELECT CAST('5' AS INT) AS a, CAST(' 7 ' AS BIGINT) AS b, CAST('-1.5' AS DOUBLE) AS c, CAST('1e3' AS DOUBLE) AS d
SELECT CAST('abc' AS INT) AS x
SELECT CAST('1.5' AS INT) AS x
SELECT CAST('300' AS TINYINT) AS x
SELECT CAST('2024-02-30' AS DATE) AS x
SELECT CAST(name AS INT) AS x FROM items
SELECT TRY_CAST(code AS INT) AS x FROM codes
SELECT CAST(n AS STRING) AS a, CAST(ok AS STRING) AS b, CAST(made AS STRING) AS c, CAST(sold AS STRING) AS d FROM numbers, items
SELECT CAST(tiny AS BIGINT) AS a, CAST(big AS INT) AS b FROM numbers WHERE n BETWEEN -100 AND 100
SELECT CAST(big AS INT) AS x FROM numbers
SELECT CAST(n AS BOOLEAN) AS a, CAST(ok AS INT) AS b FROM numbers, items
SELECT INT(n) AS x FROM numbers
SELECT n::string AS a, '5'::int AS b FROM numbers
SELECT CAST(name AS VARCHAR(3)) AS x FROM items
SELECT CAST(id AS STRING) = '1' AS x FROM items
SELECT id = '1' AS x FROM items
-- texts
SELECT name || '-' || kind AS a, concat(name, kind) AS b, concat(name, 1, kind) AS c FROM items
SELECT concat('a', NULL) AS a, 'a' || id AS b, concat_ws(',', name, NULL, kind) AS c FROM items
SELECT length(name) AS a, char_length(name) AS b, octet_length(name) AS c FROM items
SELECT upper(name) AS x FROM items
SELECT lower(name) AS x FROM items WHERE id <> 7
SELECT trim(name) AS a, ltrim(name) AS b, rtrim(name) AS c, trim(BOTH 'a' FROM name) AS d, trim('x' FROM 'xax') AS e FROM items
SELECT trim(LEADING 'A' FROM name) AS a, trim(TRAILING 'e' FROM name) AS b FROM items
SELECT substring(name, 2) AS a, substring(name, 0, 3) AS b, substr(name, 2, 3) AS c, substring(name, -3) AS d FROM items
SELECT substring(name FROM 2 FOR 3) AS a, substring(name, 1, 0) AS b FROM items
SELECT substring(name, -3, 2) AS x FROM items
SELECT substring(name, id) AS x FROM items
SELECT left(name, 2) AS a, right(name, 2) AS b, left(name, -1) AS c, right(name, 0) AS d FROM items
SELECT instr(name, 'a') AS a, locate('a', name) AS b, position('a' IN name) AS c FROM items
SELECT replace(name, 'a', 'b') AS a, repeat(name, 2) AS b, reverse(name) AS c FROM items
SELECT lpad(name, 8) AS a, rpad(name, 3, 'xy') AS b, lpad(kind, 7, '*') AS c FROM items
SELECT split_part(name, 'a', 1) AS a, split_part(name, 'a', 3) AS b FROM items
SELECT split_part(name, 'a', -1) AS x FROM items
SELECT split(name, 'a') AS a, split(kind, ',') AS b FROM items
SELECT split(name, '[ab]') AS x FROM items
SELECT startswith(name, 'A') AS a, endswith(name, 'e') AS b, contains(name, 'an') AS c FROM items
SELECT md5(name) AS a, sha2(name, 256) AS b FROM items
SELECT name < 'b' AS a, name >= kind AS b, name <> 'Apple' AS c FROM items
SELECT id, name FROM items ORDER BY name, id
SELECT id, name FROM items ORDER BY name DESC, id
SELECT min(name) AS a, max(kind) AS b FROM items
SELECT initcap(name) AS x FROM items
SELECT 'a ' = 'a' AS x, '' = '' AS y
SELECT translate(name, 'ab', 'x') AS x FROM items
SELECT space(3) AS x
SELECT nvl(name, 'none') AS a, ifnull(kind, '') AS b, nvl2(name, 1, 2) AS c, nullif(name, '') AS d FROM items
-- texts written out
SELECT 'it\'s' AS a, "double" AS b, 'tab\tend' AS c, 'line\nend' AS d, 'back\\slash' AS e
SELECT 'a\%b' AS a, 'a\_b' AS b
SELECT 'a''b' AS x
SELECT '\u0041' AS x
SELECT r'raw\n' AS x
SELECT 'a' 'b' AS x
SELECT '${amount}' AS x
SELECT 'é' AS a, 'ΣΑΣ' AS b, '' AS c
SELECT X'1F' AS x
-- LIKE
SELECT id, name LIKE 'A%' AS a, name LIKE '_anana' AS b, name NOT LIKE '%a%' AS c FROM items
SELECT id FROM items WHERE name LIKE '%5\%' ORDER BY id
SELECT id FROM items WHERE name LIKE '%a\_b%' ORDER BY id
SELECT id FROM items WHERE name LIKE '%b\\\\c%' ORDER BY id
SELECT id FROM items WHERE name LIKE '%!%' ESCAPE '!' ORDER BY id
SELECT id FROM items WHERE name LIKE '%5!%' ESCAPE '!' ORDER BY id
SELECT id, name ILIKE 'a%' AS a, name ILIKE '%E' AS b, kind NOT ILIKE 'FRUIT' AS c FROM items
SELECT name ILIKE '%é' AS x FROM items
SELECT name LIKE kind AS x FROM items
SELECT 'a\nb' LIKE 'a%b' AS x
SELECT name LIKE 'a\b' AS x FROM items
SELECT name LIKE ANY ('A%', 'b%') AS x FROM items
-- regular expressions
SELECT id, name RLIKE '^A' AS a, name RLIKE 'an+' AS b, regexp_like(name, '[0-9]') AS c FROM items
SELECT name REGEXP 'a.p' AS x FROM items
SELECT regexp_extract(name, '([a-z]+)([0-9]*)') AS a, regexp_extract(name, '[a-z]+', 0) AS b, regexp_extract(name, '(z)', 1) AS c FROM items
SELECT regexp_extract('foo123', '([a-z]+)([0-9]+)', 2) AS x, regexp_extract('foo', '[a-z]+') AS y
SELECT regexp_extract('foo123', '([a-z]+)([0-9]+)', 2) AS x
SELECT regexp_replace(name, 'a', 'b') AS a, regexp_replace(name, '([aeiou])', '<$1>') AS b, regexp_replace(name, '[^a-z]+', '') AS c FROM items
SELECT regexp_replace(name, 'x*', '-') AS x FROM items
SELECT name RLIKE 'a$' AS x FROM items
SELECT name RLIKE '(?=a)' AS x FROM items
SELECT name RLIKE '\\d' AS a, name RLIKE '\\w+' AS b FROM items
SELECT name RLIKE '\\s' AS x FROM items
SELECT 'a\rb' RLIKE 'a.b' AS x, 'a\nb' RLIKE 'a.b' AS y
SELECT NOT name RLIKE 'a' AS x FROM items
-- dates and times
SELECT year(made) AS a, month(made) AS b, day(made) AS c, quarter(made) AS d, dayofmonth(made) AS e FROM items
SELECT dayofweek(made) AS a, weekday(made) AS b, dayofyear(made) AS c, weekofyear(made) AS d FROM items
SELECT hour(sold) AS a, minute(sold) AS b, second(sold) AS c, year(sold) AS d FROM items
SELECT extract(YEAR FROM made) AS a, extract(MONTH FROM sold) AS b, extract(DOW FROM made) AS c, extract(DOY FROM made) AS d, extract(WEEK FROM made) AS e FROM items
SELECT extract(SECOND FROM sold) AS a, extract(HOUR FROM sold) AS b, extract(QUARTER FROM made) AS c FROM items
SELECT extract(DOW_ISO FROM made) AS x FROM items
SELECT date_add(made, 3) AS a, date_sub(made, 3) AS b, made + 1 AS c, made - 1 AS d, date_add(made, id) AS e FROM items
SELECT datediff(made, DATE '2024-01-01') AS a, datediff(sold, made) AS b, datediff('2024-03-01', '2024-02-28') AS c FROM items
SELECT datediff(MONTH, made, sold) AS x FROM items
SELECT add_months(made, 1) AS a, add_months(made, -12) AS b, add_months(DATE '2024-01-31', 1) AS c FROM items
SELECT made + INTERVAL 1 DAY AS a, made + INTERVAL '1' MONTH AS b, made - INTERVAL 1 YEAR AS c, made + INTERVAL 2 WEEKS AS d FROM items
SELECT sold + INTERVAL 1 HOUR AS a, sold - INTERVAL 90 MINUTE AS b, sold + INTERVAL 1 MONTH AS c, sold + INTERVAL 3 SECONDS AS d FROM items
SELECT made + INTERVAL 1 HOUR AS x FROM items
SELECT made - made AS x FROM items WHERE id = 1
SELECT date_trunc('MONTH', made) AS a, date_trunc('week', sold) AS b, date_trunc('HOUR', sold) AS c, date_trunc('year', made) AS d FROM items
SELECT trunc(made, 'MM') AS a, trunc(made, 'YEAR') AS b, trunc(made, 'week') AS c, trunc(made, 'quarter') AS d FROM items
SELECT last_day(made) AS a, make_date(2024, 2, 29) AS b FROM items
SELECT make_date(2024, 2, 30) AS x
SELECT date_format(made, 'yyyy-MM-dd') AS a, date_format(sold, 'dd.MM.yy HH:mm:ss') AS b, date_format(sold, "yyyy-MM-dd'T'HH:mm") AS c FROM items
SELECT date_format(made, 'EEE d MMM yyyy') AS a, date_format(made, 'EEEE, MMMM') AS b, date_format(made, 'DDD') AS c, date_format(sold, 'hh:mm a') AS d FROM items
SELECT date_format(made, 'Q') AS x FROM items
SELECT date_format(made, 'YYYY') AS x FROM items
SELECT to_date('2024-01-31') AS a, to_date(day) AS b FROM codes
SELECT to_date('31.01.2024', 'dd.MM.yyyy') AS x
SELECT to_timestamp('2024-01-31 10:00:00') AS x
SELECT unix_timestamp(sold) AS x FROM items
SELECT CAST(made AS TIMESTAMP) AS a, CAST(sold AS DATE) AS b, CAST(made AS TIMESTAMP_NTZ) AS c, CAST(sold AS TIMESTAMP) AS d FROM items
SELECT DATE '2024-02-29' AS a, TIMESTAMP '2024-01-31 10:00:00' AS b, TIMESTAMP_NTZ '2024-01-31 10:00:00.25' AS c
SELECT id FROM items WHERE made > '2024-01-01' ORDER BY id
SELECT id FROM items WHERE made BETWEEN DATE '2024-01-01' AND '2024-12-31' ORDER BY id
SELECT id FROM items WHERE sold >= TIMESTAMP_NTZ '2024-01-31 00:00:00' ORDER BY id
SELECT id FROM items WHERE sold > '2024-01-31' ORDER BY id
SELECT made < sold AS x FROM items
SELECT dayname(made) AS a, monthname(made) AS b FROM items
SELECT months_between(made, sold) AS x FROM items
SELECT next_day(made, 'Mon') AS x FROM items
SELECT current_date AS x
SELECT current_timestamp() AS x
SELECT min(made) AS a, max(sold) AS b, count(DISTINCT made) AS c FROM items
SELECT zoned AS a, year(zoned) AS b, hour(zoned) AS c, CAST(zoned AS DATE) AS d, date_trunc('HOUR', zoned) AS e FROM moments
SELECT id, zoned + INTERVAL 1 DAY AS a, CAST(zoned AS TIMESTAMP_NTZ) AS b, date_format(zoned, 'yyyy-MM-dd HH:mm') AS c FROM moments WHERE id <> 5
SELECT id FROM moments WHERE zoned > TIMESTAMP '2013-01-01 09:00:00' ORDER BY zoned, id
SELECT made = sold AS x, zoned = sold AS y FROM items, moments
-- comparisons and logic
SELECT n = 1 AS a, n <> 1 AS b, n != 1 AS c, n <=> NULL AS d, n IS DISTINCT FROM 0 AS e, n IS NOT DISTINCT FROM big AS f FROM numbers
SELECT n IS NULL AS a, n IS NOT NULL AS b, ok IS TRUE AS c, ok IS NOT TRUE AS d, ok IS FALSE AS e FROM numbers, items
SELECT n IN (1, 100, NULL) AS a, n NOT IN (1, 2) AS b, kind IN ('fruit', 'other') AS c FROM numbers, items
SELECT n BETWEEN -10 AND 100 AS a, n NOT BETWEEN small AND big AS b FROM numbers
SELECT ok AND n > 0 AS a, ok OR n > 0 AS b, NOT ok AS c FROM numbers, items
SELECT CASE WHEN n > 0 THEN 'p' WHEN n < 0 THEN 'm' ELSE 'z' END AS a, CASE n WHEN 100 THEN 1 WHEN 0 THEN 2 END AS b FROM numbers
SELECT CASE WHEN n > 0 THEN 1 ELSE 2.5 END AS a, CASE WHEN n > 0 THEN tiny ELSE big END AS b, CASE WHEN ok THEN made END AS c FROM numbers, items
SELECT if(n > 0, 'a', 'b') AS a, if(n > 0, 1, NULL) AS b, iff(ok, 1, 2) AS c FROM numbers, items
SELECT coalesce(n, tiny, 0) AS a, coalesce(NULL, name, 'x') AS b, nvl(n, 0) AS c FROM numbers, items
SELECT greatest(n, 5) AS a, least(n, tiny) AS b, greatest(name, 'b') AS c, greatest(NULL, 1) AS d FROM numbers, items
SELECT isnull(n) AS a, isnotnull(n) AS b FROM numbers
SELECT n > 1 = true AS x FROM numbers
SELECT !ok AS x FROM items
SELECT ok = true AS a, ok > false AS b FROM items
SELECT 1 = 1.0 AS a, 1 < 2.5D AS b, 'a' < 'b' AS c, true AND NULL AS d
SELECT coalesce(n, 'none') AS x FROM numbers
SELECT id FROM items WHERE kind = 'fruit' AND (price > 1 OR weight < 2) AND NOT ok IS NULL ORDER BY id
-- names of columns
SELECT id, Name, items.kind FROM items
SELECT ID FROM items ORDER BY ID
SELECT count(*), sum(n), COUNT(n), max(n) FROM numbers WHERE n < 1000
SELECT id + 1, id * 2, price / 2, upper(name), 1, 'a', count(DISTINCT kind) FROM items WHERE id <> 8 GROUP BY id, price, name
SELECT s.a, s.b AS c FROM nested
SELECT CAST(id AS STRING) FROM items
SELECT id AS `my id`, name AS `select` FROM items
SELECT t.* FROM items AS t
SELECT *, id + 1 AS next FROM staff
SELECT id x, name AS y FROM items i
SELECT `id` FROM `items`
SELECT row_number() OVER (ORDER BY id) FROM items
SELECT n > 1, n = 1 FROM numbers
SELECT id AS a, a + 1 AS b FROM items
SELECT dept AS id, id AS x FROM staff ORDER BY x
-- aggregates
SELECT count(*) AS a, count(n) AS b, count(DISTINCT kind) AS c, count(1) AS d FROM numbers, items
SELECT count(DISTINCT kind, ok) AS a, count(kind, ok) AS b FROM items
SELECT sum(n) AS a, sum(tiny) AS b, avg(n) AS c, avg(tiny) AS d FROM numbers
SELECT sum(big) AS x FROM numbers WHERE big < 0
SELECT sum(big) + sum(big) AS x FROM numbers WHERE big < 0
SELECT sum(DISTINCT pay) AS a, avg(DISTINCT pay) AS b, min(DISTINCT pay) AS c FROM staff
SELECT sum(pay) AS a, avg(pay) AS b, min(pay) AS c, max(pay) AS d, count(pay) AS e FROM staff WHERE id > 100
SELECT sum(huge) AS x FROM numbers
SELECT count_if(ok) AS a, bool_and(ok) AS b, bool_or(ok) AS c, every(ok) AS d FROM items
SELECT sum(pay) FILTER (WHERE dept = 'A') AS a, count(*) FILTER (WHERE pay > 100) AS b FROM staff
SELECT median(pay) AS a, percentile(pay, 0.25) AS b, percentile_cont(0.9) WITHIN GROUP (ORDER BY pay) AS c FROM staff
SELECT percentile_approx(pay, 0.5) AS x FROM staff
SELECT max_by(name, price) AS a, min_by(name, id) AS b, max_by(price, id) AS c FROM items
SELECT max_by(boss, id) AS a, min_by(boss, id) AS b FROM staff
SELECT sort_array(collect_list(pay)) AS a, sort_array(collect_set(dept)) AS b FROM staff
SELECT dept, sort_array(collect_list(pay), false) AS a FROM staff GROUP BY dept ORDER BY dept
SELECT sort_array(collect_list(pay)) AS a FROM staff WHERE id > 100
SELECT listagg(name, ',') WITHIN GROUP (ORDER BY name) AS a, string_agg(kind) WITHIN GROUP (ORDER BY kind) AS b FROM items
SELECT stddev(pay) AS a, stddev_pop(pay) AS b, variance(pay) AS c, var_pop(pay) AS d, covar_pop(pay, id) AS e FROM staff
SELECT first(name) AS x FROM items
SELECT any_value(name) AS x FROM items
SELECT mode(kind) AS x FROM items
SELECT approx_count_distinct(id) > 0 AS x FROM items
SELECT corr(id, pay) AS x FROM staff
SELECT sum(pay) / count(*) AS a, sum(pay) * 1.0 / count(pay) AS b FROM staff
SELECT round(avg(price), 2) AS a, round(sum(price) / 3, 1) AS b FROM items
-- GROUP BY
SELECT dept, count(*) AS c FROM staff GROUP BY dept
SELECT dept, count(*) AS c FROM staff GROUP BY 1
SELECT upper(dept) AS d, sum(pay) AS s FROM staff GROUP BY d
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY ALL
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY ROLLUP (dept, boss)
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY dept, boss WITH ROLLUP
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY CUBE (dept, boss)
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY GROUPING SETS ((dept), (boss), ())
SELECT dept, grouping(dept) AS g, count(*) AS c FROM staff GROUP BY ROLLUP (dept)
SELECT dept, count(*) AS c FROM staff GROUP BY dept HAVING c > 1
SELECT dept, count(*) AS c FROM staff GROUP BY dept HAVING count(*) > 1 AND dept IS NOT NULL
SELECT count(*) AS c FROM staff HAVING count(*) > 100
SELECT year(hired) AS y, count(*) AS c FROM staff GROUP BY year(hired) ORDER BY y
SELECT dept, count(*) AS c FROM staff GROUP BY dept ORDER BY count(*) DESC, dept
SELECT id % 2 AS odd, sum(pay) AS s FROM staff GROUP BY id % 2 ORDER BY odd
SELECT s, count(*) AS c FROM nested GROUP BY s
SELECT m, count(*) AS c FROM nested GROUP BY m
-- ORDER BY and LIMIT
SELECT id, boss FROM staff ORDER BY boss, id
SELECT id, boss FROM staff ORDER BY boss DESC, id
SELECT id, boss FROM staff ORDER BY boss NULLS LAST, id
SELECT id, boss FROM staff ORDER BY boss DESC NULLS FIRST, id
SELECT id, pay AS p FROM staff ORDER BY p DESC, 1
SELECT id FROM staff ORDER BY pay + id
SELECT id, -pay AS pay FROM staff ORDER BY pay, id
SELECT id, -pay AS pay FROM staff ORDER BY pay + 0, id
SELECT id FROM staff ORDER BY id LIMIT 2
SELECT id FROM staff ORDER BY id LIMIT 2 OFFSET 3
SELECT id FROM staff ORDER BY id OFFSET 4
SELECT DISTINCT dept FROM staff ORDER BY dept
SELECT DISTINCT dept, boss FROM staff ORDER BY 2, 1
SELECT id FROM staff SORT BY id
SELECT id FROM staff ORDER BY id LIMIT ALL
SELECT id FROM staff DISTRIBUTE BY dept
SELECT id FROM staff ORDER BY ALL
SELECT ok, id FROM items ORDER BY ok, id
SELECT CAST(id AS STRING) AS id FROM staff ORDER BY id DESC
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
SELECT s.id FROM staff s LEFT SEMI JOIN depts d ON s.dept = d.dept
SELECT s.id FROM staff s LEFT ANTI JOIN depts d ON s.dept = d.dept
SELECT * FROM staff SEMI JOIN depts USING (dept)
SELECT * FROM staff NATURAL JOIN depts
SELECT a.id, b.id AS boss_id FROM staff a JOIN staff b ON a.boss = b.id AND a.pay < b.pay
SELECT s.id, d.title FROM staff s LEFT JOIN depts d ON s.dept <=> d.dept
SELECT s.id FROM staff s JOIN depts d
SELECT s.id, x.t FROM staff s JOIN (SELECT dept, max(title) AS t FROM depts GROUP BY dept) x ON s.dept = x.dept
SELECT /*+ BROADCAST(d) */ s.id FROM staff s JOIN depts d ON s.dept = d.dept
-- subqueries
SELECT id FROM staff WHERE pay > (SELECT avg(pay) FROM staff) ORDER BY id
SELECT id FROM staff WHERE dept IN (SELECT dept FROM depts) ORDER BY id
SELECT id FROM staff WHERE dept NOT IN (SELECT dept FROM depts WHERE dept IS NOT NULL) ORDER BY id
SELECT id FROM staff WHERE dept NOT IN (SELECT dept FROM depts) ORDER BY id
SELECT id FROM staff s WHERE EXISTS (SELECT 1 FROM depts d WHERE d.dept = s.dept) ORDER BY id
SELECT id FROM staff s WHERE NOT EXISTS (SELECT 1 FROM depts d WHERE d.dept = s.dept) ORDER BY id
SELECT id, (SELECT max(title) FROM depts d WHERE d.dept = s.dept) AS t FROM staff s ORDER BY id
SELECT id, (SELECT title FROM depts d WHERE d.dept = s.dept) AS t FROM staff s ORDER BY id
SELECT (SELECT title FROM depts WHERE floor = 1) AS t
SELECT (SELECT title FROM depts) AS t
SELECT x.d, x.c FROM (SELECT dept AS d, count(*) AS c FROM staff GROUP BY dept) x WHERE x.c > 1
SELECT d, c FROM (SELECT dept, count(*) FROM staff GROUP BY dept) AS t(d, c)
SELECT max(c) AS m FROM (SELECT count(*) AS c FROM staff GROUP BY dept)
SELECT id FROM staff WHERE (dept, pay) IN (SELECT dept, max(pay) FROM staff GROUP BY dept)
-- WITH
WITH a AS (SELECT dept, sum(pay) AS s FROM staff GROUP BY dept) SELECT * FROM a WHERE s > 100 ORDER BY dept
WITH a(x, y) AS (SELECT id, pay FROM staff), b AS (SELECT x FROM a WHERE y > 100) SELECT * FROM b ORDER BY x
WITH staff AS (SELECT 1 AS id) SELECT * FROM staff
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 3) SELECT * FROM r
WITH a AS (SELECT id FROM staff) SELECT a.id, b.id AS other FROM a JOIN a b ON a.id = b.id + 1 ORDER BY 1
-- set operations
SELECT id FROM staff UNION SELECT floor FROM depts
SELECT id FROM staff UNION ALL SELECT floor FROM depts
SELECT id FROM staff INTERSECT SELECT boss FROM staff
SELECT id FROM staff EXCEPT SELECT boss FROM staff
SELECT id FROM staff MINUS SELECT boss FROM staff
SELECT boss FROM staff EXCEPT ALL SELECT 1
SELECT boss FROM staff INTERSECT ALL SELECT id FROM staff
SELECT 1 AS x UNION SELECT 2.5 ORDER BY x
SELECT tiny AS x FROM numbers UNION ALL SELECT big FROM numbers
SELECT id FROM staff UNION ALL SELECT id FROM items ORDER BY id DESC LIMIT 3
SELECT id, name FROM items UNION SELECT id, dept FROM staff
SELECT id FROM staff UNION ALL SELECT name FROM items
(SELECT id FROM staff ORDER BY id LIMIT 1) UNION ALL (SELECT id FROM items ORDER BY id DESC LIMIT 1)
SELECT id FROM staff UNION BY NAME SELECT id FROM items
-- window functions
SELECT id, row_number() OVER (ORDER BY id) AS r, rank() OVER (ORDER BY pay) AS k, dense_rank() OVER (ORDER BY pay DESC) AS d FROM staff
SELECT id, row_number() OVER (PARTITION BY dept ORDER BY pay DESC, id) AS r FROM staff
SELECT id, sum(pay) OVER (PARTITION BY dept) AS s, avg(pay) OVER () AS a, count(*) OVER (ORDER BY id) AS c FROM staff
SELECT id, sum(pay) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING) AS s, max(pay) OVER (ORDER BY id ROWS UNBOUNDED PRECEDING) AS m FROM staff
SELECT id, sum(pay) OVER (ORDER BY pay) AS s, sum(pay) OVER (ORDER BY pay RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS t FROM staff
SELECT id, sum(pay) OVER (ORDER BY id RANGE BETWEEN 1 PRECEDING AND CURRENT ROW) AS s FROM staff
SELECT id, lag(pay) OVER (ORDER BY id) AS a, lead(pay, 2) OVER (ORDER BY id) AS b, lag(pay, 1, 0) OVER (ORDER BY id) AS c FROM staff
SELECT id, first_value(pay) OVER (ORDER BY id) AS a, last_value(pay) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS b, nth_value(pay, 2) OVER (ORDER BY id) AS c FROM staff
SELECT id, lag(pay) IGNORE NULLS OVER (ORDER BY id) AS a, last_value(pay) IGNORE NULLS OVER (ORDER BY id) AS b FROM staff
SELECT id, ntile(3) OVER (ORDER BY id) AS a, percent_rank() OVER (ORDER BY pay) AS b, cume_dist() OVER (ORDER BY pay) AS c FROM staff
SELECT id, rank() OVER w AS r, sum(pay) OVER w AS s FROM staff WINDOW w AS (PARTITION BY dept ORDER BY id)
SELECT id, row_number() OVER (ORDER BY boss) AS r FROM staff WHERE boss IS NULL OR id = 2
SELECT id, count(DISTINCT dept) OVER () AS c FROM staff
SELECT id FROM staff QUALIFY row_number() OVER (PARTITION BY dept ORDER BY id) = 1
SELECT id, rank() OVER (ORDER BY id) AS r FROM staff QUALIFY r < 3
SELECT id, sum(sum(pay)) OVER (ORDER BY id) AS s FROM staff GROUP BY id
SELECT id, avg(price) OVER (ORDER BY id) AS a FROM items
SELECT id, price / sum(price) OVER () AS share FROM items WHERE id <> 5
-- lists, structs, maps
SELECT id, l[0] AS a FROM nested WHERE id = 1
SELECT l[5] AS x FROM nested
SELECT l[-1] AS x FROM nested WHERE id = 1
SELECT element_at(l, 1) AS a, element_at(l, -1) AS b FROM nested WHERE id < 3
SELECT element_at(l, 5) AS x FROM nested
SELECT element_at(l, 0) AS x FROM nested WHERE id = 1
SELECT try_element_at(l, 5) AS a, try_element_at(l, -1) AS b, get(l, 0) AS c, get(l, 9) AS d, get(l, -1) AS e FROM nested
SELECT m['k'] AS a, element_at(m, 'z') AS b, m['none'] AS c FROM nested
SELECT size(l) AS a, size(m) AS b, cardinality(words) AS c, array_size(l) AS d FROM nested
SELECT array_contains(l, 5) AS a, array_contains(l, 1) AS b, array_contains(words, 'x') AS c FROM nested
SELECT sort_array(l) AS a, sort_array(l, false) AS b, array_sort(l) AS c FROM nested
SELECT array_max(l) AS a, array_min(l) AS b FROM nested
SELECT array_join(words, ',') AS x FROM nested
SELECT map_keys(m) AS a, map_values(m) AS b FROM nested WHERE id = 2
SELECT s.a AS a, s.b AS b, s IS NULL AS c FROM nested
SELECT array(1, 2, 3) AS a, array(1, 2.5) AS b, array('a', NULL) AS c, array(1, 2)[1] AS d
SELECT named_struct('a', 1, 'b', 'x') AS x, named_struct('a', 1).a AS y
SELECT id, explode(l) AS e FROM nested
SELECT id, e FROM nested LATERAL VIEW explode(l) t AS e
SELECT id, e FROM nested LATERAL VIEW OUTER explode(l) t AS e
SELECT id, p, e FROM nested LATERAL VIEW posexplode(words) t AS p, e
SELECT id, k, v FROM nested LATERAL VIEW explode(m) t AS k, v
SELECT transform(l, x -> x + 1) AS x FROM nested
SELECT filter(l, x -> x > 1) AS x FROM nested
SELECT array_distinct(l) AS x FROM nested
SELECT l = array(3, 1, 2) AS a, l IS NULL AS b FROM nested
SELECT map('a', 1) AS x
SELECT flatten(array(l)) AS x FROM nested
-- FROM
SELECT * FROM VALUES (1, 'a'), (2, NULL) AS t(x, y)
SELECT * FROM (VALUES (1, 2.5), (3, 4)) AS t(x, y)
SELECT col1 FROM VALUES (1), (2)
SELECT * FROM range(3)
SELECT id * 2 AS x FROM range(1, 4)
SELECT * FROM items TABLESAMPLE (5 ROWS)
SELECT id FROM staff PIVOT (sum(pay) FOR dept IN ('A', 'B'))
SELECT 1 AS x WHERE 1 = 0
FROM staff SELECT id
SELECT id FROM staff |> WHERE id = 1
SELECT 1; SELECT 2
INSERT INTO staff VALUES (1)
SELECT bytes, length(bytes) AS x FROM moments
SELECT id, bytes FROM moments WHERE bytes = X'7F'
-- put together
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY dept, ROLLUP (boss)
SELECT dept, boss, grouping(boss) AS g, sum(pay) AS s FROM staff GROUP BY GROUPING SETS ((dept, boss), (dept), ()) HAVING sum(pay) > 100
SELECT dept AS boss, max(id) AS id FROM staff GROUP BY boss
SELECT dept AS d, max(id) AS pay FROM staff GROUP BY dept HAVING pay > 2
SELECT id AS a FROM staff s WHERE (SELECT max(x.id) FROM staff x WHERE x.boss = s.id) > 2 ORDER BY a
SELECT CASE WHEN ok THEN made ELSE '2024-01-01' END AS x FROM items
SELECT coalesce(made, '2024-01-01') AS x FROM items
SELECT name LIKE '%5\%' AND NOT kind = 'a' OR ok IS NULL AS x FROM items
SELECT 1 + 2 || 'a' AS x, 'a' || 1 * 2 AS y
SELECT (1 + 2) || 'a' AS x
SELECT sum(price) OVER (PARTITION BY kind ORDER BY id) AS a, avg(price) OVER (PARTITION BY kind) AS b FROM items
SELECT CAST(sum(price) AS DOUBLE) / count(*) AS a, sum(price) / sum(id) AS b FROM items
SELECT price * 0.19 AS vat, price * 1.19 AS gross, round(price * 1.19, 2) AS r FROM items
SELECT price * 3 / 7 AS a, (price + 1) / (price - 5) AS b FROM items
SELECT -q / 7 AS a, q / -7 AS b, q * -1 AS c FROM numbers
SELECT (SELECT 1 AS a LIMIT 1) AS x
SELECT id FROM staff WHERE id = (SELECT max(id) FROM staff) OR id = (SELECT min(id) AS m FROM staff) ORDER BY id
SELECT t.x FROM (SELECT id AS x FROM staff UNION SELECT id FROM items) t ORDER BY x LIMIT 3
SELECT sum(x) AS s FROM (SELECT id AS x FROM staff UNION ALL SELECT pay FROM staff)
SELECT upper(name) AS x, upper(kind) AS y FROM items
SELECT min(n) AS a FROM numbers HAVING a < 0
SELECT max(id) + 1 AS m, max(id) % 2 AS o FROM staff
SELECT DISTINCT s.dept, d.title FROM staff s LEFT JOIN depts d USING (dept) ORDER BY dept, title
SELECT dept FROM staff ORDER BY id
SELECT id, name FROM items WHERE id IN (1, 2) OR name IN ('a') ORDER BY length(name) DESC, id
SELECT dept, count(*) AS c FROM staff GROUP BY dept ORDER BY c DESC, dept LIMIT 2
SELECT big * 10 AS x FROM numbers
SELECT CAST(99999999999 AS INT) AS x
SELECT q + 1000 AS x, q - p AS y, p * 3 AS z FROM numbers
SELECT d > q AS a, d = n AS b, f > q AS c FROM numbers
SELECT n < '5' AS x FROM numbers
SELECT wide + 1 AS x FROM numbers
SELECT sum(wide) AS x FROM numbers
SELECT sum(wide) AS x, avg(wide) AS y FROM numbers WHERE n = 100
SELECT 10 / 4 AS a, 10 div 4 AS b, 10 % 4 AS c, -7 / 2 AS d, -7 div 2 AS e, -7 % 3 AS f
SELECT id FROM items WHERE name LIKE '50\\%' OR name LIKE '%5\%'
SELECT dept, max(pay) AS m FROM staff GROUP BY dept HAVING max(pay) > 100 ORDER BY m DESC NULLS LAST, dept
SELECT CASE ok WHEN true THEN 'y' WHEN false THEN 'n' END AS x FROM items
SELECT sum(CASE WHEN dept = 'A' THEN pay ELSE 0 END) AS a, count(CASE WHEN pay > 100 THEN 1 END) AS b FROM staff
SELECT a.id, (SELECT count(*) FROM staff b WHERE b.boss = a.id) AS n FROM staff a ORDER BY a.id
SELECT year(hired) AS y, month(hired) AS m, count(*) AS c FROM staff WHERE hired IS NOT NULL GROUP BY year(hired), month(hired) ORDER BY y, m
SELECT t.dept, t.c FROM (SELECT dept, count(*) AS c, rank() OVER (ORDER BY count(*) DESC) AS r FROM staff GROUP BY dept) t WHERE t.r = 1
SELECT id, price, price - lag(price) OVER (ORDER BY id) AS d FROM items WHERE price IS NOT NULL
SELECT DISTINCT upper(kind) AS k FROM items ORDER BY k
SELECT date_format(made, 'yyyy-MM') AS m, sum(price) AS s FROM items GROUP BY date_format(made, 'yyyy-MM') ORDER BY m
SELECT id, datediff(DATE '2024-12-31', made) AS d FROM items WHERE made >= DATE '2000-01-01' ORDER BY d, id
SELECT count(*) FILTER (WHERE weight > 1) AS a, avg(weight) AS b FROM items WHERE weight < 1000
SELECT coalesce(dept, 'none') AS d, sum(coalesce(pay, 0)) AS s FROM staff GROUP BY coalesce(dept, 'none') ORDER BY d
SELECT s.id FROM staff s WHERE s.pay = (SELECT max(x.pay) FROM staff x WHERE x.dept = s.dept) ORDER BY s.id
SELECT explode(array(1, 2, 3)) AS x
SELECT id, e, e * 2 AS f FROM nested LATERAL VIEW explode(l) t AS e WHERE e > 1 ORDER BY id, e
SELECT dept, sum(pay) OVER (PARTITION BY dept ORDER BY hired ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS s, id FROM staff ORDER BY id
SELECT split(kind, 'u')[0] AS a FROM items WHERE id < 3
SELECT if(price > 1, price, 0) AS x, nvl(price, 0) AS y, price * 2 > 3 AS z FROM items
SELECT round(avg(pay), 1) AS x FROM staff
SELECT greatest(made, DATE '2020-01-01') AS a, least(sold, TIMESTAMP_NTZ '2020-01-01 00:00:00') AS b FROM items
SELECT 1 IN (1, NULL) AS a, 2 IN (1, NULL) AS b, NULL IN (1) AS c, NOT (2 IN (1, NULL)) AS d
SELECT trim(name) = '' AS a, length(trim(name)) AS b, name = '' AS c FROM items
SELECT max(name) AS a, min(lower(kind)) AS b, count(DISTINCT lower(kind)) AS c FROM items
SELECT first_value(pay) IGNORE NULLS OVER (ORDER BY id DESC) AS x, id FROM staff
SELECT n % -7 AS a, -n % 7 AS b, n div -7 AS c FROM numbers WHERE n > -2147483648
SELECT CAST(-2.7 AS INT) AS a, CAST(2.999 AS BIGINT) AS b, CAST(-0.5D AS INT) AS c, CAST(1e10 AS BIGINT) AS d
SELECT CAST(1e10 AS INT) AS x
SELECT INTERVAL 1 DAY AS x
SELECT sum(price) / sum(weight) AS x FROM items WHERE weight < 100
