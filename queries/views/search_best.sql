-- purpose: the best setting of a search for each case, and those that are as good
-- grain: run x study x case
-- columns: run_id, study, case_name, part, class, setting, value, speedup, seconds, seconds_baseline, ties, features, same_case_as
-- Settings within 1 % of the fastest are ties: of them the baseline is named, else the smallest
-- value. speedup is the baseline's time over the setting's.
WITH fastest AS (
    SELECT *, min(ratio) OVER (PARTITION BY run_id, study, case_name) AS least
    FROM search_changes WHERE change <> 'failed' AND role <> 'recommended'
), tied AS (
    SELECT *, row_number() OVER chosen AS place,
           list(setting) OVER (PARTITION BY run_id, study, case_name) AS ties
    FROM fastest WHERE ratio <= 1.01 * least
    WINDOW chosen AS (PARTITION BY run_id, study, case_name
                      ORDER BY role <> 'baseline', value NULLS LAST, setting)
)
SELECT t.run_id, t.study, t.case_name, t.part, t.class, t.setting, t.value, 1 / t.ratio AS speedup,
       t.seconds, t.seconds_baseline, list_sort(t.ties) AS ties, c.features, c.same_case_as
FROM tied t JOIN search_cases c USING (run_id, study, case_name)
WHERE place = 1
ORDER BY t.run_id, t.study, speedup DESC, t.case_name
