-- purpose: which remarks precede a failure: a proposal refused, not compiled, crashed or wrong
-- grain: kind of remark
-- columns: pass, name, tried, failed, failed_share, overall_share, lift, outcomes, example
-- lift: how much oftener proposals fail where the remark stands than proposals in general; 1 is no
-- difference, and of few proposals it says little. Slower is no failure.
WITH marked AS (
    SELECT *, outcome NOT IN ('accepted', 'same', 'slower', 'inconclusive') AS bad
    FROM trial_remarks
), overall AS (
    SELECT avg(bad::INT) AS share
    FROM (SELECT session, iteration, candidate, any_value(bad) AS bad FROM marked GROUP BY ALL)
)
SELECT pass, name, count(*) AS tried, count(*) FILTER (WHERE bad) AS failed,
       avg(bad::INT) AS failed_share, any_value(o.share) AS overall_share,
       avg(bad::INT) / nullif(any_value(o.share), 0) AS lift,
       list(DISTINCT outcome ORDER BY outcome) FILTER (WHERE bad) AS outcomes,
       min(words) AS example
FROM marked CROSS JOIN overall o
GROUP BY pass, name
HAVING failed > 0
ORDER BY lift DESC NULLS LAST, failed DESC, pass, name
