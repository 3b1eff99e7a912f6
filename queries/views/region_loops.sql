-- purpose: what each region was measured to take, beside every loop that it covers or lies in
-- grain: loop x region (call path) x metric x profile
-- columns: run_id, loop, region, path, joined_by, depth, profile, format, metric, unit, inclusive, value, visits, ranks, threads
-- joined_by 'line': the region's place lies in the loop (then it is the innermost such loop), or
-- the loop lies between the region's marks; 'function': the loop is in the function that the
-- region is named after or was marked in. Values are summed over visits, threads and ranks, but
-- for those that Caliper has as a minimum, a maximum or an average.
WITH measured AS (
    SELECT run_id, profile, format, path, region, function, file, line, end_line,
           metric, unit, inclusive,
           CASE WHEN attribute LIKE 'min#%' THEN min(value)
                WHEN attribute LIKE 'max#%' OR attribute LIKE 'any#%' THEN max(value)
                WHEN attribute LIKE 'avg#%' THEN avg(value)
                ELSE sum(value) END AS value,
           sum(count)::BIGINT AS visits,
           count(DISTINCT rank) AS ranks,
           count(DISTINCT (rank, thread)) FILTER (WHERE thread IS NOT NULL) AS threads
    FROM regions
    WHERE region IS NOT NULL
      -- spot's time series repeats in pieces what its profile has as a whole
      AND len(list_filter(context, lambda c: c.name = 'spot.channel'
                                         AND c.value <> 'regionprofile')) = 0
    GROUP BY run_id, profile, format, path, region, function, file, line, end_line,
             metric, attribute, unit, inclusive
), places AS (
    SELECT DISTINCT run_id, path, region, function, file, line, end_line FROM measured
), near AS (
    SELECT l.run_id, l.key, l.depth, l.line, l.end_line, l.function, l.function_name,
           parse_filename(l.file) AS base, l.file
    FROM loops l
), by_line AS (
    SELECT p.*, n.key AS loop, n.depth,
           p.end_line IS NULL AND n.depth < max(n.depth) OVER (
               PARTITION BY p.run_id, p.path, p.function, p.file, p.line, p.end_line) AS outer_loop
    FROM places p JOIN near n
      ON p.run_id = n.run_id AND parse_filename(p.file) = n.base
     AND (p.file = n.file OR ends_with(p.file, '/' || n.file) OR ends_with(n.file, '/' || p.file))
     AND CASE WHEN p.end_line IS NULL THEN p.line BETWEEN n.line AND n.end_line
              ELSE n.line BETWEEN p.line AND p.end_line END
), by_function AS (
    SELECT p.*, n.key AS loop, n.depth
    FROM places p JOIN near n
      ON p.run_id = n.run_id
     AND (coalesce(p.function, p.region) IN (n.function, n.function_name)
          OR coalesce(p.function, p.region) = split_part(n.function_name, '(', 1))
    WHERE p.function IS NULL OR p.function = p.region
), joined AS (
    SELECT * EXCLUDE (outer_loop), 'line' AS joined_by FROM by_line WHERE NOT outer_loop
    UNION ALL BY NAME
    SELECT f.*, 'function' AS joined_by FROM by_function f
    WHERE NOT EXISTS (SELECT 1 FROM by_line b WHERE b.run_id = f.run_id AND b.path = f.path
                      AND b.loop = f.loop AND NOT b.outer_loop)
)
SELECT j.run_id, j.loop, j.region, array_to_string(j.path, '/') AS path, j.joined_by, j.depth,
       m.profile, m.format, m.metric, m.unit, m.inclusive, m.value, m.visits, m.ranks, m.threads
FROM joined j JOIN measured m
  ON m.run_id = j.run_id AND m.path = j.path AND m.region = j.region
 AND m.function IS NOT DISTINCT FROM j.function AND m.file IS NOT DISTINCT FROM j.file
 AND m.line IS NOT DISTINCT FROM j.line AND m.end_line IS NOT DISTINCT FROM j.end_line
ORDER BY j.run_id, j.loop, j.region, m.metric
