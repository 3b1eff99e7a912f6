-- purpose: model against rules: what each proposer tried, how much held, what it gained and cost
-- grain: program x proposer x model
-- columns: program, proposer, model, sessions, tried, failed, timed, accepted, accepted_share, gain, best_speedup, expected_ratio, seconds, tokens, cost
-- gain: the product of what its accepted proposals gained over the best before them, as the
-- geometric mean over the sessions it took part in; of a session with both proposers each has its
-- own part. expected_ratio: geometric mean of measured over expected speed-up (1: it knew).
WITH by_session AS (
    SELECT program, proposer, model, coalesce(session, run_id) AS session,
           coalesce(sum(ln(speedup)) FILTER (WHERE outcome = 'accepted'), 0) AS log_gain
    FROM iterations WHERE role = 'proposal' GROUP BY ALL
), gains AS (
    SELECT program, proposer, model, count(*) AS sessions, exp(avg(log_gain)) AS gain
    FROM by_session GROUP BY ALL
), counted AS (
    SELECT program, proposer, model, count(*) AS tried,
           count(*) FILTER (WHERE outcome NOT IN ('accepted', 'same', 'slower',
                                                  'inconclusive')) AS failed,
           count(*) FILTER (WHERE speedup IS NOT NULL) AS timed,
           count(*) FILTER (WHERE outcome = 'accepted') AS accepted,
           max(speedup_original) FILTER (WHERE outcome = 'accepted') AS best_speedup,
           exp(avg(ln(speedup / expected)) FILTER (WHERE speedup > 0 AND expected > 0))
               AS expected_ratio,
           sum(trial_seconds) AS seconds,
           sum(coalesce(prompt_tokens, 0) + coalesce(completion_tokens, 0))::BIGINT AS tokens,
           sum(cost) AS cost
    FROM iterations WHERE role = 'proposal' GROUP BY ALL
)
SELECT c.program, c.proposer, c.model, g.sessions, c.tried, c.failed, c.timed, c.accepted,
       c.accepted / c.tried AS accepted_share, g.gain, c.best_speedup, c.expected_ratio,
       c.seconds, c.tokens, c.cost
FROM counted c JOIN gains g
  ON g.program IS NOT DISTINCT FROM c.program AND g.proposer IS NOT DISTINCT FROM c.proposer
 AND g.model IS NOT DISTINCT FROM c.model
ORDER BY c.program, g.gain DESC, c.proposer, c.model
