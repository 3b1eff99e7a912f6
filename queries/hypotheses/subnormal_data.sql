-- says: the same instructions take longer in {side}, {why}: each operation on a subnormal number takes a microcode assist
-- refuted-by: with subnormal numbers taken for zero the time stays
-- contradicted-by: the slow side takes what the machine model expects | CASE verdict WHEN 'slower' THEN cycles_b < 1.5 * model_cycles_b ELSE cycles_a < 1.5 * model_cycles_a END
-- contradicted-by: no operation in floating point | float_operations_b + double_operations_b = 0
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.9 (denormals, FTZ, DAZ); Agner Fog, The microarchitecture
-- confirm: {side}: @flush-subnormals
-- The range of float ends at 1.2e-38, that of double at 2.2e-308: a constant not far above them lets
-- what is computed with it get there. Without one, what is left where the same arithmetic walks over
-- memory in the same way and asks no data where to go is the numbers themselves.
WITH small AS (
    SELECT loop, side, min(fact) AS fact FROM edits
    WHERE regexp_matches(text, '[0-9.]e-(3[0-9]|[4-9][0-9])f|[0-9.]e-(2[5-9]|3[0-9])[0-9]') GROUP BY ALL
), slow AS (
    SELECT *, CASE verdict WHEN 'slower' THEN 'b' WHEN 'faster' THEN 'a' END AS side,
           CASE verdict WHEN 'slower' THEN cycles_b ELSE cycles_a END AS cycles,
           CASE verdict WHEN 'slower' THEN model_cycles_b ELSE model_cycles_a END AS model
    FROM d
    WHERE NOT code_changed AND verdict IN ('faster', 'slower')
      AND (time_ratio > 1.5 OR time_ratio < 1 / 1.5)
      AND float_operations_b + double_operations_b > 0
      AND iterations_a IS NOT DISTINCT FROM iterations_b
)
SELECT d.loop,
       CASE WHEN s.fact IS NOT NULL THEN 0.88
            WHEN cycles > 2 * model AND far_loads_b = 0 AND gathers_b = 0 AND coalesce(undecided_b, 0) < 0.01 AND coalesce(sparsity_b, 1) < 3 THEN 0.72
            ELSE 0.25 END AS strength, d.side,
       CASE WHEN s.fact IS NOT NULL THEN 'whose values leave the normal range' ELSE 'as if its values left the normal range' END AS why,
       list_filter([s.fact,
                    'hot_places: ' || round(d.cycles, 1) || ' cycles an iteration in ' || d.side || ', where llvm-mca expects ' || round(d.model, 1),
                    counted('floating-point operations', d.float_operations_a + d.double_operations_a,
                            d.float_operations_b + d.double_operations_b),
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM slow d LEFT JOIN small s ON s.loop = d.loop AND s.side = d.side
