-- purpose: what paid where: each kind of proposal by what was seen at the place that it was for
-- grain: kind of proposal x kind of evidence
-- columns: rule, evidence, kind, sessions, won, tried, accepted, refuted, slower, same, factor, gain, best, programs, won_on
-- sessions and won: optimisations in which it was tried, and was accepted; tried and accepted count
-- proposals. refuted: refused, not compiled, crashed, out of time, or another result. factor: the
-- geometric mean over the best before of all that were timed, gain that of those accepted.
-- A proposal counts for each kind of evidence at its place; why it paid is not said.
SELECT rule, evidence, mode(kind ORDER BY kind) AS kind,
       count(DISTINCT session) AS sessions,
       count(DISTINCT session) FILTER (outcome = 'accepted') AS won,
       count(*) AS tried,
       count(*) FILTER (outcome = 'accepted') AS accepted,
       count(*) FILTER (outcome NOT IN ('accepted', 'same', 'slower', 'inconclusive')) AS refuted,
       count(*) FILTER (outcome = 'slower') AS slower,
       count(*) FILTER (outcome IN ('same', 'inconclusive')) AS same,
       exp(avg(ln(speedup))) AS factor,
       exp(avg(ln(speedup)) FILTER (outcome = 'accepted')) AS gain,
       max(speedup) FILTER (outcome = 'accepted') AS best,
       list(DISTINCT program ORDER BY program) AS programs,
       list(DISTINCT program ORDER BY program) FILTER (outcome = 'accepted') AS won_on
FROM tried_where
GROUP BY rule, evidence
ORDER BY won / sessions DESC, gain DESC NULLS LAST, sessions DESC, rule, evidence
