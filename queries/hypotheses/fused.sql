-- says: multiplications and additions are fused: {how}
-- refuted-by: without contraction the time of b stays
-- expects: CASE WHEN change > 1.03 THEN 'slower' ELSE 'faster' END
-- source: Clang user's manual, -ffp-contract (clang.llvm.org/docs/UsersManual.html); Agner Fog, Instruction tables (vfmadd)
-- confirm: b: -ffp-contract=off
-- A chain of additions alone gets longer: each waits for a fused operation, which takes as long as
-- a multiplication. llvm-mca's cycles for each element tell which it is.
SELECT loop, CASE WHEN change IS NULL THEN 0.6 ELSE 0.92 END AS strength,
       CASE WHEN change > 1.03 THEN 'the chain of additions waits for whole fused operations, which take longer'
            WHEN bound_a = 'dependencies' AND change < 0.97 THEN 'the chain through both is shorter'
            ELSE 'fewer instructions do the same' END AS how, change,
       list_filter([counted('fused multiply-adds', fmas_a, fmas_b),
                    'mca: ' || mca_cycles_a || ' cycles a pass in a, ' || mca_cycles_b || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, (mca_cycles_b / coalesce(elements_b, 1)) / (mca_cycles_a / coalesce(elements_a, 1)) AS change FROM d)
WHERE fmas_a = 0 AND fmas_b > 0
  AND (change IS NULL OR change <= 1.03 AND coalesce(verdict, '') <> 'slower'
       OR change > 1.03 AND bound_b = 'dependencies' AND coalesce(verdict, '') <> 'faster')
