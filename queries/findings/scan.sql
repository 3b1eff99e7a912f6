-- finds: each element gets the running value of the elements before it, as in a prefix sum
-- refuted-by: with blocks that begin on their own the loop takes as long as before
-- source: Blelloch, "Prefix Sums and Their Applications" (1990); LLVM, "Auto-Vectorization in LLVM" (llvm.org/docs/Vectorizers.html), reductions
SELECT h.run_id, id, CASE WHEN cycles < 3 * model_cycles THEN 0.72 ELSE 0.45 END AS strength, now / reach AS part,
       'each element gets a running value of those before it (a scan, such as a prefix sum): ' || printf('%.1f', now) || ' cycles an element, one after the other' AS says,
       'add up within vectors (shift and add), or scan blocks apart and add to each what the ones before it come to' AS helps, NULL AS flags,
       [{'rows': 'FROM remarks WHERE name = ''NonReductionValueUsedOutsideLoop'' AND ' || here, 'says': 'the value is used besides being carried on'}] AS evidence
FROM h WHERE lanes = 1 AND machine_loop IS NOT NULL AND NOT calls AND loads > 0 AND stores > stack_accesses AND branches <= 1 AND computed_loads = 0 AND now IS NOT NULL
  AND EXISTS (FROM remarks r WHERE r.run_id = h.run_id AND r.loop = h.loop AND r.name = 'NonReductionValueUsedOutsideLoop')
  -- what always goes to one place is no element
  AND EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.store_bytes > 0 AND NOT i.stack AND i.step IS DISTINCT FROM 0)
