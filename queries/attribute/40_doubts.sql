-- purpose: signs that facts and loops were not joined as they should be
-- grain: sign
-- columns: layer, place, what
CREATE TEMP TABLE doubts AS
WITH own AS (
    SELECT sum(count) AS total,
           sum(count) FILTER (machine_loop IS NOT NULL AND loop IS NULL) AS lost
    FROM samples_out WHERE own
), placed AS (
    SELECT sum(count) AS total,
           sum(count) FILTER (file NOT LIKE '/%' AND file NOT IN (SELECT file FROM source)
                              AND file NOT IN (SELECT file FROM lines)) AS lost
    FROM remarks_out WHERE file IS NOT NULL
)
SELECT 'loops' AS layer, '' AS place,
       printf('%.0f %% of the samples lie in a loop of the machine code but in no source loop'
              ' (goto loops, or loops without a place)', 100.0 * lost / total) AS what
FROM own WHERE lost > 0.05 * total
UNION ALL
SELECT 'remarks', '', printf('%.0f %% of the remarks name a file that no other layer knows',
                             100.0 * lost / total)
FROM placed WHERE lost > 0.05 * total;
