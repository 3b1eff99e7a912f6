-- purpose: each setting of a search over all its cases: times, speed-up, wins and losses against the baseline
-- grain: run x study x part (tuning, held-out, all) x setting
-- columns: run_id, study, part, setting, value, role, cases, failed, geometric_mean, arithmetic_mean, median, p95, total, total_baseline, speedup, speedup_low, speedup_high, overall_speedup, faster, win_rate, win_low, win_high, average_improvement, improvement_low, improvement_high, max_improvement, improved, neutral, regressed, undecided, maybe_slower, disagreeing, tested
-- speedup is the geometric mean of baseline over setting, with the 95 % interval of the mean of its
-- logarithm over the cases, by Student's t; overall_speedup is that of the totals. win_rate is the
-- share of cases that are faster at all (Wilson's 95 % interval); improvements are shares of the
-- baseline's time, their mean with the 95 % interval by Student's t. Fewer than three cases have no
-- interval: NULL. What failed counts in `failed` only: total_baseline, as total, is over the others.
-- undecided: beyond 5 % by what was measured, but not beyond doubt; maybe_slower: those of them that
-- are slower. disagreeing: wall and CPU time say opposite things.
-- Cases that are the same command count once.
-- tested: cases that were measured often enough to tell a difference from noise.
WITH parts AS (
    SELECT * FROM search_changes WHERE same_case_as IS NULL
    UNION ALL BY NAME
    SELECT * REPLACE ('all' AS part) FROM search_changes WHERE same_case_as IS NULL
), summed AS (
    SELECT run_id, study, part, setting, any_value(value) AS value, role,
           count(*) FILTER (change <> 'failed') AS cases,
           count(*) FILTER (change = 'failed') AS failed,
           exp(avg(ln(seconds)) FILTER (change <> 'failed')) AS geometric_mean,
           avg(seconds) FILTER (change <> 'failed') AS arithmetic_mean,
           median(seconds) FILTER (change <> 'failed') AS median,
           quantile_cont(seconds, 0.95) FILTER (change <> 'failed') AS p95,
           sum(seconds) FILTER (change <> 'failed') AS total,
           sum(seconds_baseline) FILTER (change <> 'failed') AS total_baseline,
           -avg(ln(ratio)) FILTER (change <> 'failed') AS gain,
           stddev_samp(ln(ratio)) FILTER (change <> 'failed') AS gain_spread,
           count(*) FILTER (change <> 'failed' AND ratio < 1) AS faster,
           avg(1 - ratio) FILTER (change <> 'failed') AS average_improvement,
           stddev_samp(ratio) FILTER (change <> 'failed') AS ratio_spread,
           max(1 - ratio) FILTER (change <> 'failed') AS max_improvement,
           count(*) FILTER (change = 'improved') AS improved,
           count(*) FILTER (change = 'neutral') AS neutral,
           count(*) FILTER (change = 'regressed') AS regressed,
           count(*) FILTER (change = 'undecided') AS undecided,
           count(*) FILTER (change = 'undecided' AND ratio > 1) AS maybe_slower,
           count(disagreement) AS disagreeing,
           count(p_value) FILTER (change <> 'failed') AS tested,
           count(*) FILTER (change <> 'failed') - 1 AS freedom
    FROM parts GROUP BY run_id, study, part, setting, role
), quantiles AS (
    -- 0.975 of Student's t: as the tables have it, and from 11 degrees of freedom on by the
    -- expansion of Cornish and Fisher, which is exact to five digits there
    SELECT *, CASE WHEN freedom BETWEEN 2 AND 10 THEN
                       [4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004,
                        2.262157, 2.228139][freedom - 1]
                   WHEN freedom > 10 THEN 1.959964 + 2.372271 / freedom + 2.822499 / freedom ^ 2
                       + 2.555850 / freedom ^ 3 + 1.589534 / freedom ^ 4 END AS t
    FROM summed
), rates AS (
    SELECT *, faster / nullif(cases, 0) AS win_rate, t * gain_spread / sqrt(cases) AS gain_error,
           t * ratio_spread / sqrt(cases) AS ratio_error, 1.96 ^ 2 / nullif(cases, 0) AS z
    FROM quantiles
)
SELECT run_id, study, part, setting, value, role, cases, failed, geometric_mean, arithmetic_mean,
       median, p95, total, total_baseline, exp(gain) AS speedup, exp(gain - gain_error) AS speedup_low,
       exp(gain + gain_error) AS speedup_high, total_baseline / total AS overall_speedup,
       faster, win_rate,
       CASE WHEN cases > 0 THEN greatest(0, (win_rate + z / 2 - sqrt(z * win_rate * (1 - win_rate) + z * z / 4)) / (1 + z)) END AS win_low,
       CASE WHEN cases > 0 THEN least(1, (win_rate + z / 2 + sqrt(z * win_rate * (1 - win_rate) + z * z / 4)) / (1 + z)) END AS win_high,
       average_improvement, average_improvement - ratio_error AS improvement_low,
       average_improvement + ratio_error AS improvement_high, max_improvement,
       improved, neutral, regressed, undecided, maybe_slower, disagreeing, tested
FROM rates
ORDER BY run_id, study, part, role, value NULLS FIRST, setting
