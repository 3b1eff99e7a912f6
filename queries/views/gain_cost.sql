-- purpose: what a per cent of speed-up cost: seconds, tokens, money
-- grain: session
-- columns: session, program, proposers, speedup, gained_percent, tried, seconds, compile_seconds, run_seconds, tokens, cost, seconds_per_percent, tokens_per_percent, cost_per_percent
-- gained_percent: how much more work a second the best does than the original (a speed-up of 1.25
-- is 25 %), as measured at the end, or by the accepted proposals where there is no final
-- measurement. Per per cent NULL where nothing was gained. seconds are those of all proposals.
WITH spent AS (
    SELECT coalesce(session, run_id) AS session, any_value(program) AS program,
           list(DISTINCT proposer ORDER BY proposer) FILTER (WHERE role = 'proposal') AS proposers,
           greatest(coalesce(max_by(speedup_original, run_id) FILTER (WHERE role = 'best'),
                             max(speedup_original) FILTER (WHERE outcome = 'accepted'), 1), 1)
               AS speedup,
           count(*) FILTER (WHERE role = 'proposal') AS tried,
           sum(trial_seconds) AS seconds, sum(compile_seconds) AS compile_seconds,
           sum(run_seconds) AS run_seconds,
           sum(coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0))::BIGINT AS tokens,
           sum(cost) AS cost
    FROM iterations GROUP BY 1
)
SELECT session, program, proposers, speedup, 100 * (speedup - 1) AS gained_percent, tried,
       seconds, compile_seconds, run_seconds, tokens, cost,
       seconds / nullif(100 * (speedup - 1), 0) AS seconds_per_percent,
       tokens / nullif(100 * (speedup - 1), 0) AS tokens_per_percent,
       cost / nullif(100 * (speedup - 1), 0) AS cost_per_percent
FROM spent WHERE tried > 0
ORDER BY session
