-- purpose: what each marked region took in the two runs
-- grain: region (call path) x metric
-- columns: region, path, metric, unit, value_a, value_b
CREATE TEMP TABLE diff_regions AS
SELECT r.region, array_to_string(r.path, '/') AS path, r.metric, any_value(r.unit) AS unit,
       sum(r.value) FILTER (s.side = 'a') AS value_a, sum(r.value) FILTER (s.side = 'b') AS value_b
FROM sides s JOIN regions r USING (run_id)
WHERE r.region IS NOT NULL
GROUP BY r.region, r.path, r.metric
ORDER BY r.path, r.metric;
