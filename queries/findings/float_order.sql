-- finds: a sum (or product) in floating point, whose order the language fixes: each step waits for the one before
-- refuted-by: with -fassociative-math the loop takes as long as before
-- source: LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), reductions; Agner Fog, Optimizing software in C++, ch. 11
SELECT h.run_id, id, CASE WHEN bound = 'dependencies' THEN 0.9 ELSE 0.7 END AS strength, now / reach AS part,
       'each addition waits for the one before it' || CASE WHEN bound = 'dependencies' AND cycles IS NOT NULL
            THEN ' (' || printf('%.1f', least(model_cycles, cycles)) || ' of ' || printf('%.1f', cycles) || ' cycles an iteration)' ELSE '' END ||
       ', and the order of floating-point operations forbids vectors' AS says,
       'let partial sums be formed: several accumulators, or -ffast-math where rounding may differ' AS helps,
       '-ffast-math' AS flags,
       [{'rows': 'FROM remarks WHERE name = ''CantReorderFPOps'' AND ' || here, 'says': 'cannot prove it is safe to reorder floating-point operations'},
        {'rows': 'FROM loop_mca WHERE ' || here, 'says': 'llvm-mca: bound by ' || bound}] AS evidence
FROM h WHERE machine_loop IS NOT NULL AND EXISTS (FROM remarks r WHERE r.run_id = h.run_id AND r.loop = h.loop AND r.name = 'CantReorderFPOps')
