-- numbers
SELECT n + 1 AS x, small * 2 AS y, n / 7 AS z, n % 7 AS w, -n AS v FROM numbers
SELECT n / 0 AS x FROM numbers
SELECT p + q AS a, p * q AS b, q - 1 AS c, q % 3 AS d FROM numbers
SELECT price / 3 AS x FROM items
SELECT 1.5 AS a, 1e3 AS b, 12345678901 AS c, -5 AS d
SELECT weight * 2 AS a, weight > 1e0 AS b FROM items
SELECT weight / 2 AS x FROM items
SELECT abs(n) AS a, mod(n, 3) AS b, greatest(n, 5) AS c, least(n, small) AS d FROM numbers
SELECT CAST(n AS double) AS a, CAST(n AS varchar) AS b, CAST(price AS decimal(20,4)) AS c FROM numbers, items
SELECT CAST(price AS integer) AS x FROM items
SELECT CAST(d AS bigint) AS x FROM numbers
SELECT round(price, 1) AS x FROM items
-- texts
SELECT name || '-' || kind AS a, concat(name, kind) AS b, length(name) AS c FROM items
SELECT name || id AS x FROM items
SELECT substr(name, 2) AS a, substring(name, 1, 3) AS b, substr(name, -3) AS c, strpos(name, 'a') AS d, position('a' IN name) AS e FROM items
SELECT replace(name, 'a', 'b') AS a, reverse(name) AS b, starts_with(name, 'A') AS c FROM items
SELECT upper(name) AS a, lower(kind) AS b FROM items
SELECT name LIKE 'A%' AS a, name LIKE '%5\%' AS b, name LIKE '%5!%' ESCAPE '!' AS c FROM items
SELECT regexp_like(name, '^A[a-z]+') AS x FROM items
SELECT trim(name) AS x FROM items
SELECT id, name FROM items ORDER BY name, id
-- dates
SELECT year(made) AS a, month(made) AS b, day_of_week(made) AS c, extract(YEAR FROM made) AS d, week(made) AS e FROM items
SELECT date_trunc('month', made) AS a, date_trunc('hour', sold) AS b, date_add('day', 3, made) AS c FROM items
SELECT made + INTERVAL '3' DAY AS a, sold - INTERVAL '2' HOUR AS b FROM items
SELECT id FROM items WHERE made > DATE '2024-01-01' ORDER BY id
SELECT id FROM items WHERE made > '2024-01-01' ORDER BY id
SELECT date_diff('day', made, made) AS x FROM items
SELECT CAST(sold AS timestamp(6)) AS a, CAST(made AS timestamp) AS b FROM items
SELECT now() AS x
-- logic and aggregates
SELECT n IN (1, 2) AS a, n BETWEEN 1 AND 5 AS b, n IS DISTINCT FROM 1 AS c, if(n > 1, 1, 2) AS d, coalesce(n, 0) AS e FROM numbers
SELECT CASE WHEN n > 0 THEN 'p' ELSE 'm' END AS x FROM numbers
SELECT count(*) AS a, sum(n) AS b, avg(n) AS c, min(name) AS d, count_if(ok) AS e, bool_and(ok) AS f FROM numbers, items
SELECT sum(price) AS x FROM items
SELECT avg(price) AS x FROM items
SELECT dept, count(*) AS c, array_agg(pay ORDER BY id) AS p FROM staff GROUP BY dept ORDER BY dept
SELECT listagg(name, ',') WITHIN GROUP (ORDER BY id) AS x FROM items
SELECT dept, boss, sum(pay) AS s FROM staff GROUP BY ROLLUP (dept, boss)
SELECT arbitrary(name) AS x FROM items
-- queries
SELECT id, boss FROM staff ORDER BY boss DESC, id OFFSET 1 LIMIT 2
SELECT s.id, d.title FROM staff s LEFT JOIN depts d ON s.dept = d.dept
SELECT id FROM staff WHERE dept IN (SELECT dept FROM depts)
SELECT id FROM staff UNION SELECT floor FROM depts
WITH a AS (SELECT id, pay FROM staff) SELECT id FROM a WHERE pay > 100
SELECT id, row_number() OVER (PARTITION BY dept ORDER BY id) AS r, lag(pay) OVER (ORDER BY id) AS l FROM staff
SELECT n.id, t.x FROM nested n CROSS JOIN UNNEST(n.l) AS t(x)
SELECT l[1] AS a, cardinality(l) AS b FROM nested
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(x, y)
SELECT count(*) FROM items
