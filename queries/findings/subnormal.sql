-- finds: the same instructions take several times as long as they should, on data that fits a cache: as with numbers below the normal range
-- refuted-by: with such numbers taken for zero (-mdaz-ftz) the time stays
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.9 (denormals, FTZ, DAZ); Agner Fog, The microarchitecture
SELECT run_id, id, CASE WHEN branches <= 1 AND gathers = 0 AND computed_loads = 0 AND cycles > 4 * model_cycles THEN 0.82 ELSE 0.45 END AS strength, cycles / least(model_cycles, cycles) AS part,
       printf('%.1f', cycles) || ' cycles an iteration, where the model expects ' || printf('%.1f', model_cycles) || ', and neither caches nor branches can be why: as with numbers below the normal range (subnormal)' AS says,
       'let them be taken for zero (-mdaz-ftz, or _mm_setcsr), or keep the values away from zero' AS helps, '-mdaz-ftz' AS flags,
       [{'rows': 'SELECT count(*) AS operations FROM instructions WHERE flops > 0 AND machine_loop = ' || machine_loop, 'says': 'operations in floating point'},
        {'rows': 'SELECT loop, ns_per_iteration, mca_cycles FROM hotspots WHERE ' || here, 'says': printf('%.1f', cycles / model_cycles) || ' times the model'}] AS evidence
FROM h WHERE loop IS NOT NULL AND NOT calls AND cycles > 3 * model_cycles AND coalesce(span, 0) <= l2 AND atomics = 0
  AND coalesce(sparsity, 1) < 3 AND EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.flops > 0)
