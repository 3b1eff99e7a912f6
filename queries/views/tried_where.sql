-- purpose: what each proposal of an optimisation was, what was seen at the place that it was for, and what came of it
-- grain: proposal x kind of evidence at its place
-- columns: run_id, session, program, iteration, candidate, proposer, kind, rule, evidence, outcome, speedup, overtaken, under
-- rule: what the proposal is called on every program alike. evidence: the kind of a finding, what the
-- machine model is bound by, or a remark's name, NULL where nothing was seen or noted. What could
-- not be judged (not understood, or not checked by any output) is left out. under: the flags that
-- a change of the source was tried with. speedup is over the best before; overtaken: that was no
-- longer the original, over which it would have been a gain.
SELECT run_id, coalesce(session, run_id) AS session, program, iteration, candidate, proposer, kind,
       coalesce(rule, kind) AS rule,
       unnest(CASE WHEN len(evidence) > 0 THEN evidence ELSE [NULL] END) AS evidence,
       outcome, CASE WHEN speedup > 0 THEN speedup END AS speedup,
       coalesce(from_original AND outcome <> 'accepted' AND speedup_original > 1.03, false)
           AS overtaken,
       CASE WHEN starts_with(kind, 'flags+') THEN split_part(move, '; ', 1) END AS under
FROM iterations
WHERE role = 'proposal' AND kind IS NOT NULL
  AND outcome NOT IN ('did not parse', 'unchecked', 'untrusted time')
