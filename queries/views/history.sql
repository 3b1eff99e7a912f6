-- purpose: how an optimisation went: the original, the honest baselines, each iteration, the best
-- grain: session x stage
-- columns: session, program, stage, iteration, outcome, seconds, clock, speedup_original, speedup_native, speedup_polly, roof_share, roof, guarantee, tried, move, reason, run_id, task_clock, cycles, instructions, cache_misses, started
-- Of a session that was gone on with, `best` is the last.
-- An iteration's row is its last accepted proposal, or the reason why there is none. speedup_* is
-- the time of the original (or a baseline) over the stage's own; a stage after the first is linked
-- to the original through the bests between, the row `best` is measured directly. Counters are
-- those of the run that the iteration committed, NULL where it committed no layers or the machine
-- has no such counter. tried: proposals of the iteration. roof_share is the least time of the
-- original's work by what the machine allows over the stage's own time (see `iterations`), roof what
-- that least time goes to, or why it is not known.
WITH counted AS (
    SELECT run_id,
           max(value) FILTER (WHERE event = 'task-clock') AS task_clock,
           max(value) FILTER (WHERE event = 'cycles') AS cycles,
           max(value) FILTER (WHERE event = 'instructions') AS instructions,
           max(value) FILTER (WHERE event = 'cache-misses') AS cache_misses
    FROM counters GROUP BY run_id
), roofs AS (
    -- the original and the baselines were timed before it was looked for
    SELECT session, max_by(roof_seconds, (run_id, candidate)) AS least, max_by(roof, (run_id, candidate)) AS least_for
    FROM iterations WHERE role = 'proposal' AND roof IS NOT NULL GROUP BY session
), staged AS (
    SELECT *,
           CASE role WHEN 'proposal' THEN 'iteration ' || iteration
                     WHEN 'baseline' THEN move ELSE role END AS stage,
           CASE role WHEN 'original' THEN 0 WHEN 'baseline' THEN 1
                     WHEN 'proposal' THEN 2 ELSE 3 END AS place
    FROM iterations
), picked AS (
    SELECT *,
           count(*) FILTER (WHERE role = 'proposal') OVER stage AS tried,
           row_number() OVER (PARTITION BY session, stage
                              ORDER BY outcome = 'accepted' DESC, run_id DESC, candidate DESC)
               AS number
    FROM staged WINDOW stage AS (PARTITION BY session, stage)
)
SELECT session, program, stage, iteration,
       CASE WHEN role = 'proposal' AND outcome <> 'accepted' THEN 'no gain' ELSE outcome END
           AS outcome,
       CASE WHEN role <> 'proposal' OR outcome = 'accepted' THEN seconds END AS seconds,
       clock,
       CASE WHEN role <> 'proposal' OR outcome = 'accepted' THEN speedup_original END
           AS speedup_original,
       CASE WHEN role <> 'proposal' OR outcome = 'accepted' THEN speedup_native END
           AS speedup_native,
       CASE WHEN role <> 'proposal' OR outcome = 'accepted' THEN speedup_polly END
           AS speedup_polly,
       CASE WHEN role IN ('original', 'baseline') THEN coalesce(roof_share, least / nullif(seconds, 0))
            -- where the roofs were measured again since, they are the later ones
            WHEN role = 'best' OR outcome = 'accepted' THEN roof_share * least / roof_seconds END AS roof_share,
       CASE WHEN role IN ('original', 'baseline') THEN coalesce(roof, least_for)
            WHEN role = 'best' OR outcome = 'accepted' THEN roof END AS roof,
       CASE WHEN role <> 'proposal' OR outcome = 'accepted' THEN guarantee END AS guarantee,
       CASE WHEN role = 'proposal' THEN tried END AS tried,
       CASE WHEN role <> 'proposal' OR outcome = 'accepted' THEN move END AS move,
       CASE WHEN role <> 'proposal' OR outcome = 'accepted' THEN reason END AS reason,
       run_id, task_clock, cycles, instructions, cache_misses,
       runs.started
FROM picked
LEFT JOIN counted USING (run_id)
LEFT JOIN roofs USING (session)
LEFT JOIN (SELECT run_id, started FROM runs) AS runs USING (run_id)
WHERE number = 1
ORDER BY session, place, iteration, candidate
