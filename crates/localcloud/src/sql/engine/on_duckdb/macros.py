"""Functions that DuckDB does not have, or has otherwise, made once for all statements."""

MACROS = """
-- Numbers with a point as Java writes them: 1.0E7 from there on, and 1.0E-4 below a thousandth.
CREATE MACRO localcloud_digits(t) AS rtrim(replace(t, '.', ''), '0');
CREATE MACRO localcloud_mantissa(d) AS d[1] || '.' || CASE WHEN length(d) > 1 THEN d[2:] ELSE '0' END;
CREATE MACRO localcloud_double(x, t) AS CASE
    WHEN isnan(x) THEN 'NaN'
    WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN x = 0 OR (abs(x) >= 0.001 AND abs(x) < 10000000) THEN x::VARCHAR
    ELSE CASE WHEN x < 0 THEN '-' ELSE '' END || CASE
        WHEN contains(t, 'e') THEN localcloud_mantissa(localcloud_digits(split_part(t, 'e', 1)))
            || 'E' || split_part(t, 'e', 2)::INTEGER
        WHEN abs(x) >= 1 THEN localcloud_mantissa(localcloud_digits(t)) || 'E' || (length(split_part(t, '.', 1)) - 1)
        ELSE localcloud_mantissa(ltrim(localcloud_digits(t), '0'))
            || 'E-' || (length(t) - length(ltrim(replace(t, '.', ''), '0')) - 1)
    END END;
-- Times to the millisecond, or, where they have them, to the microsecond.
CREATE MACRO localcloud_time(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN (epoch_us(x) % 1000) = 0
    THEN strftime(x, '%Y-%m-%dT%H:%M:%S.') || lpad(((epoch_us(x) // 1000 % 1000 + 1000) % 1000)::VARCHAR, 3, '0')
    ELSE strftime(x, '%Y-%m-%dT%H:%M:%S.%f') END;
-- A field of CSV: quoted where it must be (RFC 4180), and `null` for NULL.
CREATE MACRO localcloud_field(t) AS CASE
    WHEN t IS NULL THEN 'null'
    WHEN regexp_matches(t, '[",\\r\\n]') THEN '"' || replace(t, '"', '""') || '"'
    ELSE t END;
-- What is to become a whole number loses what stands behind the point; DuckDB would round it. A text is left to its cast.
CREATE MACRO localcloud_whole(x) AS CASE
    WHEN typeof(x) IN ('FLOAT', 'DOUBLE') THEN CAST(CAST(trunc(TRY_CAST(x AS DOUBLE)) AS DECIMAL(38, 0)) AS VARCHAR)
    WHEN typeof(x) LIKE 'DECIMAL%' THEN split_part(CAST(x AS VARCHAR), '.', 1)
    WHEN typeof(x) LIKE 'TIMESTAMP%' THEN CAST(CAST(floor(epoch(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMP))) AS BIGINT) AS VARCHAR)
    WHEN typeof(x) = 'BOOLEAN' THEN CASE CAST(x AS VARCHAR) WHEN 'true' THEN '1' WHEN 'false' THEN '0' END
    ELSE CAST(x AS VARCHAR) END;
-- A text of what is none: times without their zone, which is UTC.
CREATE MACRO localcloud_text(x) AS CASE typeof(x)
    WHEN 'TIMESTAMP WITH TIME ZONE' THEN regexp_replace(CAST(x AS VARCHAR), '[+]00$', '')
    WHEN 'DOUBLE' THEN localcloud_double(TRY_CAST(x AS DOUBLE), CAST(abs(TRY_CAST(x AS DOUBLE)) AS VARCHAR))
    ELSE CAST(x AS VARCHAR) END;
CREATE MACRO localcloud_type(t) AS CASE t WHEN 'VARCHAR' THEN 'string' WHEN 'INTEGER' THEN 'int' WHEN 'HUGEINT' THEN 'bigint'
    WHEN 'BLOB' THEN 'binary' WHEN 'TIMESTAMP' THEN 'timestamp_ntz' WHEN 'TIMESTAMP WITH TIME ZONE' THEN 'timestamp'
    ELSE lower(t) END;
-- What stands before the n-th delimiter, or behind the n-th from the end.
CREATE MACRO localcloud_until(t, d, n) AS CASE
    WHEN n > 0 THEN array_to_string(string_split(t, d)[1:n], d)
    WHEN n < 0 THEN array_to_string(string_split(t, d)[n:], d)
    ELSE '' END;
-- Monday is 0.
CREATE MACRO weekday(x) AS CAST(isodow(x) - 1 AS INTEGER);
CREATE MACRO every(x) AS bool_and(x);
CREATE MACRO timestamp_seconds(x) AS to_timestamp(x);
CREATE MACRO array_repeat(x, n) AS list_transform(range(n), lambda i: x);
CREATE MACRO arrays_overlap(a, b) AS list_has_any(a, b);
CREATE MACRO pmod(a, b) AS ((a % b) + b) % b;
CREATE MACRO array_union(a, b) AS list_distinct(list_concat(a, b));
CREATE MACRO array_except(a, b) AS list_distinct(list_filter(a, lambda x: NOT list_contains(b, x)));
CREATE MACRO bround(x) AS round_even(x, 0);
"""
