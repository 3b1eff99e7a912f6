-- purpose: each setting of a search over all its cases: times, speed-up, wins and losses against the baseline
-- grain: run x study x part (tuning, held-out, all) x setting
-- columns: run_id, study, part, setting, value, role, cases, failed, geometric_mean, arithmetic_mean, median, p95, total, total_baseline, speedup, speedup_low, speedup_high, overall_speedup, faster, win_rate, win_low, win_high, average_improvement, improvement_low, improvement_high, max_improvement, improved, neutral, regressed
-- speedup is the geometric mean of baseline over setting, with the 95 % interval of the mean of its
-- logarithm over the cases; overall_speedup is that of the totals. win_rate is the share of cases
-- that are faster at all (Wilson's 95 % interval); improvements are shares of the baseline's time.
-- What failed counts in `failed` only.
WITH parts AS (
    SELECT * FROM search_changes
    UNION ALL BY NAME
    SELECT * REPLACE ('all' AS part) FROM search_changes
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
           coalesce(stddev_samp(ln(ratio)) FILTER (change <> 'failed'), 0) AS gain_spread,
           count(*) FILTER (change <> 'failed' AND ratio < 1) AS faster,
           avg(1 - ratio) FILTER (change <> 'failed') AS average_improvement,
           coalesce(stddev_samp(ratio) FILTER (change <> 'failed'), 0) AS ratio_spread,
           max(1 - ratio) FILTER (change <> 'failed') AS max_improvement,
           count(*) FILTER (change = 'improved') AS improved,
           count(*) FILTER (change = 'neutral') AS neutral,
           count(*) FILTER (change = 'regressed') AS regressed
    FROM parts GROUP BY run_id, study, part, setting, role
), rates AS (
    SELECT *, faster / cases AS win_rate, 1.96 * gain_spread / sqrt(cases) AS gain_error,
           1.96 * ratio_spread / sqrt(cases) AS ratio_error, 1.96 ^ 2 / cases AS z
    FROM summed WHERE cases > 0
    UNION ALL BY NAME
    SELECT * FROM summed WHERE cases = 0
)
SELECT run_id, study, part, setting, value, role, cases, failed, geometric_mean, arithmetic_mean,
       median, p95, total, total_baseline, exp(gain) AS speedup, exp(gain - gain_error) AS speedup_low,
       exp(gain + gain_error) AS speedup_high, total_baseline / total AS overall_speedup,
       faster, win_rate,
       greatest(0, (win_rate + z / 2 - sqrt(z * win_rate * (1 - win_rate) + z * z / 4)) / (1 + z)) AS win_low,
       least(1, (win_rate + z / 2 + sqrt(z * win_rate * (1 - win_rate) + z * z / 4)) / (1 + z)) AS win_high,
       average_improvement, average_improvement - ratio_error AS improvement_low,
       average_improvement + ratio_error AS improvement_high, max_improvement,
       improved, neutral, regressed
FROM rates
ORDER BY run_id, study, part, role, value NULLS FIRST, setting
