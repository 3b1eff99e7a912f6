-- purpose: convergence of an optimisation: how far each iteration brought it, and at what cost
-- grain: session x iteration
-- columns: session, program, iteration, tried, timed, accepted, failed, speedup, gain, reached, seconds, tokens, cost, seconds_so_far, cost_so_far
-- timed: proposals that were measured; failed: those that were refused, did not compile, crashed,
-- ran out of time or computed something else. speedup is the best's over the original after the
-- iteration, gain what the iteration added to it as a factor, reached the share of the way to the
-- last best on a log scale (NULL where nothing was gained). seconds are those from proposal to
-- verdict; the final measurement and collecting are not in them.
WITH proposals AS (
    SELECT coalesce(session, run_id) AS session, any_value(program) AS program, iteration,
           count(*) AS tried,
           count(*) FILTER (WHERE speedup IS NOT NULL) AS timed,
           count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
           count(*) FILTER (WHERE outcome NOT IN ('accepted', 'same', 'slower',
                                                  'inconclusive')) AS failed,
           max(speedup_original) FILTER (WHERE outcome = 'accepted') AS found,
           sum(trial_seconds) AS seconds,
           sum(coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0))::BIGINT AS tokens,
           sum(cost) AS cost
    FROM iterations WHERE role = 'proposal' GROUP BY ALL
), best_so_far AS (
    SELECT *, coalesce(max(found) OVER so_far, 1) AS speedup,
           sum(seconds) OVER so_far AS seconds_so_far, sum(cost) OVER so_far AS cost_so_far
    FROM proposals
    WINDOW so_far AS (PARTITION BY session ORDER BY iteration)
)
SELECT session, program, iteration, tried, timed, accepted, failed, speedup,
       speedup / lag(speedup, 1, 1.0) OVER in_order AS gain,
       ln(speedup) / nullif(ln(last_value(speedup) OVER whole), 0) AS reached,
       seconds, tokens, cost, seconds_so_far, cost_so_far
FROM best_so_far
WINDOW in_order AS (PARTITION BY session ORDER BY iteration),
       whole AS (PARTITION BY session ORDER BY iteration
                 ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
ORDER BY session, iteration
