-- purpose: which cases of a search prefer which setting, by each of their features
-- grain: run x study x class x setting x feature
-- columns: run_id, study, class, setting, value, feature, cases, least, median, most, average_speedup, speedup
-- average_speedup is the arithmetic mean over the cases that prefer the setting, speedup the
-- geometric one; cases that are the same command count once. A study without features has one row a setting, the feature NULL.
WITH named AS (
    SELECT *, unnest(CASE WHEN cardinality(features) > 0 THEN map_keys(features)
                          ELSE [NULL::VARCHAR] END) AS feature
    FROM search_best WHERE same_case_as IS NULL
)
SELECT run_id, study, class, setting, any_value(value) AS value, feature, count(*) AS cases,
       min(features[feature]) AS least, median(features[feature]) AS median,
       max(features[feature]) AS most, avg(speedup) AS average_speedup,
       exp(avg(ln(speedup))) AS speedup
FROM named GROUP BY run_id, study, class, setting, feature
ORDER BY run_id, study, class, value NULLS FIRST, setting, feature
