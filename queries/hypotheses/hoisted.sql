-- says: a load that gave the same value each time has moved out of the loop
-- refuted-by: with the load back in the loop the time stays
-- source: LLVM's Analysis and Transform Passes (llvm.org/docs/Passes.html), licm
SELECT d.loop, weighed(0.8, d.verdict, 'faster') AS strength,
       list_filter([min(gone.fact), min(r.fact), counted('memory accesses', d.memory_accesses_a, d.memory_accesses_b),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN remark_facts r
  ON r.loop = d.loop AND r.side = 'b' AND r.change IN ('appeared', 'changed') AND r.pass = 'licm'
 AND (r.words LIKE '%hoisting load%' OR r.name = 'PromoteLoopAccessesToScalar')
JOIN remark_facts gone
  ON gone.loop = d.loop AND gone.side = 'a' AND gone.change = 'disappeared' AND gone.pass = 'licm'
 AND gone.name LIKE 'LoadWithLoopInvariantAddress%'
GROUP BY d.loop, d.verdict, d.memory_accesses_a, d.memory_accesses_b, d.time_ratio
