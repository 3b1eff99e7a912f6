-- says: the chain of operations that wait for each other is {times} times as long in b
-- refuted-by: llvm-mca's cycles for each element do not follow the time
-- expects: CASE WHEN times < 1 THEN 'faster' ELSE 'slower' END
-- source: Agner Fog, Optimizing software in C++, ch. 11 (dependency chains); llvm.org/docs/CommandGuide/llvm-mca.html
SELECT loop,
       CASE WHEN loop IN (SELECT loop FROM edits WHERE in_loop) THEN 0.9 ELSE 0.8 END AS strength,
       times,
       list_filter(['mca: ' || round(model_a, 2) || ' cycles an iteration in a (bound by ' || bound_a || '), '
                    || round(model_b, 2) || ' in b (bound by ' || bound_b || ')',
                    timed(time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM (SELECT *, model_b / model_a AS times
      FROM (SELECT *, mca_cycles_a / coalesce(elements_a, 1) AS model_a,
                   mca_cycles_b / coalesce(elements_b, 1) AS model_b FROM d
            WHERE vector_width_a IS NULL AND vector_width_b IS NULL))
-- the longer one is what the loop waits for
WHERE CASE WHEN times > 1 THEN bound_b ELSE bound_a END = 'dependencies' AND coalesce(vector_bits_a, 0) = coalesce(vector_bits_b, 0) AND called_a = called_b AND divided_a = divided_b
  AND fmas_a = 0 AND fmas_b = 0
  AND (times < 0.6 AND time_ratio < 0.85 OR times > 1.6 AND time_ratio > 1.15)
