-- says: a load that gave the same value each time is out of the loop now; in a its stores might have changed it
-- refuted-by: with the load back in the loop the time stays
-- expects: faster
-- contradicted-by: more accesses to memory an iteration | accessed_b > accessed_a
-- contradicted-by: the loop is there in one build only | (key_a IS NULL) <> (key_b IS NULL)
-- contradicted-by: a calls functions in it that b does not | called_a > called_b
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), licm
SELECT d.loop, CASE WHEN count(r.fact) > 0 THEN 0.8 ELSE 0.6 END AS strength,
       list_filter([min(gone.fact), min(r.fact), counted('memory accesses', d.memory_accesses_a, d.memory_accesses_b),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change IN ('appeared', 'changed') AND r.pass = 'licm'
 AND (r.words LIKE '%hoisting load%' OR r.name = 'PromoteLoopAccessesToScalar')
JOIN remark_facts gone
  ON gone.loop = d.loop AND gone.side = 'a' AND gone.change = 'disappeared' AND gone.pass = 'licm'
 AND gone.name LIKE 'LoadWithLoopInvariantAddress%'
WHERE r.loop IS NOT NULL
   OR (NOT EXISTS (FROM remark_facts kept WHERE kept.loop = d.loop AND kept.side = 'b'
                   AND kept.pass = 'licm' AND kept.name = gone.name)
       AND NOT EXISTS (FROM edits e WHERE e.loop = d.loop AND e.text LIKE '%volatile%'))
GROUP BY d.loop, d.verdict, d.memory_accesses_a, d.memory_accesses_b, d.time_ratio
