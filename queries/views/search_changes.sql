-- purpose: each setting of a search for each case: how far it is from the baseline, and whether that is certain
-- grain: run x study x case x setting
-- columns: run_id, study, case_name, part, class, setting, value, role, used, outcome, detail, change, ratio, low, high, p_value, q_value, seconds, seconds_baseline, pairs, clock, disagreement, same_code_as, same_case_as
-- change: improved or regressed where the ratio is beyond 5 % and that is significant: its 99 %
-- interval does not reach 1, and its q_value, the false discovery rate (Benjamini and Hochberg
-- 1995, over the cases of a setting and part), is 5 % at most; of what was measured only once, by
-- the ratio alone. Beyond 5 % but not significant is undecided. Else neutral; failed where there
-- is no time. A case that is the same command as another (same_case_as) is no test of its own.
WITH ranked AS (
    SELECT r.*, c.part, c.class, c.same_case_as,
           count(r.p_value) FILTER (c.same_case_as IS NULL)
               OVER (tested ORDER BY r.p_value) AS place,
           count(r.p_value) FILTER (c.same_case_as IS NULL) OVER tested AS tests
    FROM search_results r JOIN search_cases c USING (run_id, study, case_name)
    WHERE r.current
    WINDOW tested AS (PARTITION BY r.run_id, r.study, r.role, r.setting, c.part)
), corrected AS (
    SELECT *, CASE WHEN p_value IS NOT NULL THEN least(1, min(p_value * tests / greatest(place, 1)) OVER (
                  PARTITION BY run_id, study, role, setting, part ORDER BY p_value DESC NULLS FIRST
                  RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) END AS q_value
    FROM ranked
)
SELECT run_id, study, case_name, part, class, setting, value, role, used, outcome, detail,
       CASE WHEN outcome <> 'ok' OR ratio IS NULL THEN 'failed'
            WHEN ratio < 0.95 AND coalesce(high < 1 AND q_value <= 0.05, low IS NULL) THEN 'improved'
            WHEN ratio > 1.05 AND coalesce(low > 1 AND q_value <= 0.05, low IS NULL) THEN 'regressed'
            WHEN ratio NOT BETWEEN 0.95 AND 1.05 THEN 'undecided'
            ELSE 'neutral' END AS change,
       ratio, low, high, p_value, q_value, seconds, seconds_baseline, pairs, clock, disagreement,
       same_code_as, same_case_as
FROM corrected
