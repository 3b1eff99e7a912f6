-- says: multiplications and additions are fused: the chain through both is shorter
-- refuted-by: without contraction the time of b stays
-- source: Clang user's manual, -ffp-contract (clang.llvm.org/docs/UsersManual.html); Agner Fog, Instruction tables (vfmadd)
-- confirm: b: -ffp-contract=off
SELECT loop, weighed(0.92, verdict, 'faster') AS strength,
       list_filter([counted('fused multiply-adds', fmas_a, fmas_b),
                    'mca: ' || mca_cycles_a || ' cycles a pass in a, ' || mca_cycles_b || ' in b',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d WHERE fmas_a = 0 AND fmas_b > 0
