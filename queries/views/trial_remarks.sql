-- purpose: which missed optimisations stood in the loops that a proposal was for, before it was made
-- grain: proposal x kind of remark
-- columns: session, program, iteration, candidate, kind, proposer, outcome, speedup, pass, name, words, loops, targeted
-- The remarks are those of the run that the proposal changes. Of a proposal that names no loop
-- (flags), they are those of the hot loops, from 1 % of the samples on, or of all loops where
-- there are no samples; then targeted is false.
WITH proposals AS (
    SELECT coalesce(session, run_id) AS session, program, iteration, candidate, parent, kind,
           proposer, outcome, speedup, loop
    FROM iterations WHERE role = 'proposal' AND parent IS NOT NULL
), shares AS (
    SELECT run_id, loop, share FROM sample_shares WHERE loop IS NOT NULL
), sampled AS (
    SELECT DISTINCT run_id FROM shares
), reasons AS (
    SELECT m.run_id, m.loop, m.pass, m.name, m.words,
           s.run_id IS NULL OR coalesce(h.share, 0) >= 0.01 AS hot
    FROM missed m
    LEFT JOIN sampled s ON s.run_id = m.run_id
    LEFT JOIN shares h ON h.run_id = m.run_id AND h.loop = m.loop
    WHERE m.weight < 9
)
SELECT p.session, any_value(p.program) AS program, p.iteration, p.candidate,
       any_value(p.kind) AS kind, any_value(p.proposer) AS proposer,
       any_value(p.outcome) AS outcome, any_value(p.speedup) AS speedup,
       r.pass, r.name, min(r.words) AS words, count(DISTINCT r.loop) AS loops,
       any_value(p.loop IS NOT NULL) AS targeted
FROM proposals p JOIN reasons r
  ON r.run_id = p.parent
 -- a proposal is for a loop with those in it, or for a function
 AND CASE WHEN p.loop IS NULL THEN r.hot
          ELSE r.loop = p.loop OR starts_with(r.loop, p.loop || '/')
               OR starts_with(r.loop, p.loop || '.') END
GROUP BY p.session, p.iteration, p.candidate, r.pass, r.name
ORDER BY p.session, p.iteration, p.candidate, r.pass, r.name
