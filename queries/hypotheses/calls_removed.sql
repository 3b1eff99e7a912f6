-- says: the loop calls in {calls} fewer
-- refuted-by: with the calls the loop takes as long
-- expects: faster
-- contradicted-by: it calls in no fewer places | called_b >= called_a
-- source: Agner Fog, Optimizing software in C++, ch. 7 (loops: calls and conditions in them)
SELECT d.loop, 0.79 AS strength, CASE d.called_a - d.called_b WHEN 1 THEN 'a place' ELSE (d.called_a - d.called_b) || ' places' END AS calls,
       list_filter([counted('places that call', d.called_a, d.called_b), min(e.fact), timed(d.time_ratio)],
                   lambda e: e IS NOT NULL) AS evidence
FROM d LEFT JOIN edits e ON e.loop = d.loop AND e.in_loop AND e.text LIKE '%(%'
-- inlining is another cause
WHERE d.called_b < d.called_a AND d.key_a IS NOT NULL AND d.key_b IS NOT NULL
  AND NOT EXISTS (FROM newly_inlined n WHERE n.loop = d.loop)
GROUP BY d.loop, d.called_a, d.called_b, d.time_ratio
