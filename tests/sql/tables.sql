-- What the queries in queries.sql are asked of: a few rows each, with the values at which engines part ways.
CREATE TABLE items(id INTEGER, name VARCHAR, kind VARCHAR, price DECIMAL(10,2), weight DOUBLE, made DATE, sold TIMESTAMP, ok BOOLEAN);
INSERT INTO items VALUES
  (1, 'Apple', 'fruit', 1.25, 0.5, '2024-01-31', '2024-01-31 23:59:59.5', true),
  (2, 'banana', 'fruit', 0.99, 1.5, '2024-02-29', '2024-02-29 00:00:00', false),
  (3, 'Straße 5%', 'street', 10.00, 2.5, '2023-12-31', '2023-12-31 12:30:15.123456', NULL),
  (4, NULL, 'fruit', NULL, 'nan', '2024-12-30', NULL, true),
  (5, '', NULL, 99999999.99, 'inf', '1969-12-31', '1969-12-31 23:59:59', true),
  (6, ' a_b\c ', 'street', -1.25, -2.5, NULL, '2024-07-01 06:05:04', false),
  (7, 'ΣΑΣ é', 'other', 0.00, '-0.0', '2000-02-29', '2000-02-29 10:00:00', NULL),
  (8, 'total ${x} ''q''', 'other', 2.50, 1e300, '1900-03-01', '1900-03-01 00:00:00.000001', true);
CREATE TABLE numbers(tiny TINYINT, small SMALLINT, n INTEGER, big BIGINT, huge HUGEINT, f FLOAT, d DOUBLE, p DECIMAL(18,6), q DECIMAL(4,1), wide DECIMAL(38,2));
INSERT INTO numbers VALUES
  (1, 10, 100, 1000, 10000, 0.5, 2.5, 1.500000, 1.5, 1.50),
  (-7, -7, -7, -7, -7, -7.25, -7.5, -7.654321, -7.5, -7.25),
  (127, 32767, 2147483647, 9223372036854775807, 999999999999999999999999999999, 1e10, 1e6, 123456789012.123456, 999.9, 123456789012345678901234567890.12),
  (-128, -32768, -2147483648, -9223372036854775808, -999999999999999999999999999999, -1e10, -1e6, -0.000001, -999.9, -0.01),
  (0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE TABLE staff(id INTEGER, boss INTEGER, dept VARCHAR, pay INTEGER, hired DATE);
INSERT INTO staff VALUES (1, NULL, 'A', 300, '2020-01-15'), (2, 1, 'A', 200, '2021-02-28'), (3, 1, 'B', 200, '2021-03-31'),
  (4, 2, 'B', NULL, NULL), (5, 2, NULL, 50, '2024-02-29'), (6, 9, 'C', 100, '2019-12-31');
CREATE TABLE depts(dept VARCHAR, title VARCHAR, floor INTEGER);
INSERT INTO depts VALUES ('A', 'Alpha', 1), ('B', 'Beta', 2), ('D', 'Delta', NULL), (NULL, 'none', 0);
CREATE TABLE nested(id INTEGER, l INTEGER[], words VARCHAR[], s STRUCT(a INTEGER, b VARCHAR), m MAP(VARCHAR, INTEGER));
INSERT INTO nested VALUES (1, [3, 1, 2], ['x', 'y'], {'a': 1, 'b': 'one'}, MAP {'k': 1, 'z': 26}),
  (2, [NULL, 5], ['', NULL], {'a': NULL, 'b': 'two'}, MAP {'k': 2}), (3, [], [], NULL, NULL), (4, NULL, NULL, {'a': 4, 'b': NULL}, MAP {'z': 4});
CREATE TABLE codes(code VARCHAR, day VARCHAR, moment VARCHAR, flag VARCHAR);
INSERT INTO codes VALUES ('1', '2024-01-31', '2024-01-31 10:00:00', 'true'), ('-20', '1999-12-31', '1999-12-31T23:59:59.25', 'FALSE'),
  ('2.5', NULL, NULL, NULL), (' 42 ', '2000-02-29', '2000-02-29 00:00:00', 'true'), (NULL, '0001-01-01', '1969-12-31 23:59:59', 'False');
CREATE TABLE moments(id INTEGER, zoned TIMESTAMPTZ, bytes BLOB);
INSERT INTO moments VALUES (1, '2013-01-01 10:00:00+00', 'ab'::BLOB), (2, '2013-01-01 10:00:00.000001+02', '\xFF\x00'::BLOB), (3, '1969-12-31 23:59:59.5+00', ''::BLOB),
  (4, NULL, NULL), (5, '9999-12-31 00:00:00+00', '\x7F'::BLOB), (6, '2013-01-01 10:00:00+00', 'b'::BLOB);
