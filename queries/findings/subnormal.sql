-- finds: the same instructions take several times as long as they should, on data that fits a cache: as with numbers below the normal range
-- refuted-by: with such numbers taken for zero (-mdaz-ftz) the time stays
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.9 (denormals, FTZ, DAZ); Agner Fog, The microarchitecture
WITH tiny AS (
    -- a constant below the normal range: of floats beneath 1.2e-38, of doubles beneath 2.2e-308
    SELECT l.run_id, l.key AS loop, min(s.line) AS line, arg_min(regexp_extract(s.text, '\b[0-9.]+[eE]-(3[89]|4[0-9])[fF]|\b[0-9.]+[eE]-(30[89]|31[0-9]|32[0-9])\b'), s.line) AS constant
    FROM loops l JOIN source s ON s.run_id = l.run_id AND s.file = l.file AND s.line BETWEEN l.line AND l.end_line
    WHERE regexp_matches(s.text, '\b[0-9.]+[eE]-(3[89]|4[0-9])[fF]|\b[0-9.]+[eE]-(30[89]|31[0-9]|32[0-9])\b') GROUP BY ALL
), held AS (
    -- the peak of a small program is not known: what it touched first, page by page
    SELECT t.run_id, coalesce(max(t.max_rss), max(c.value) * 4096) AS rss FROM timings t LEFT JOIN counters c ON c.run_id = t.run_id AND c.event = 'page-faults' GROUP BY ALL
)
SELECT h.run_id, id, CASE WHEN t.loop IS NOT NULL THEN 0.9 WHEN gathers > 0 OR computed_loads > 0 THEN 0.45 WHEN cycles > 4 * model_cycles THEN 0.82 WHEN loads = 0 OR span <= 0.7 * l1 THEN 0.74 ELSE 0.34 END AS strength, cycles / least(model_cycles, cycles) AS part,
       printf('%.1f', cycles) || ' cycles an iteration, where the model expects ' || printf('%.1f', model_cycles) || CASE WHEN t.loop IS NOT NULL
           THEN ': numbers below the normal range (subnormal) take longer, and ' || t.constant || ' in line ' || t.line || ' is one'
           ELSE ', and neither caches nor branches can be why: as with numbers below the normal range (subnormal)' END AS says,
       'let them be taken for zero (-mdaz-ftz, or _mm_setcsr), or keep the values away from zero' AS helps, '-mdaz-ftz' AS flags,
       [{'rows': 'SELECT count(*) AS operations FROM instructions WHERE flops > 0 AND machine_loop = ' || machine_loop, 'says': 'operations in floating point'},
        {'rows': 'SELECT loop, ns_per_iteration, mca_cycles FROM hotspots WHERE ' || here, 'says': printf('%.1f', cycles / model_cycles) || ' times the model'}] AS evidence
FROM h LEFT JOIN tiny t USING (run_id, loop) LEFT JOIN held USING (run_id)
WHERE h.loop IS NOT NULL AND NOT calls AND branches <= 1 AND (cycles > 2 * model_cycles OR t.loop IS NOT NULL AND cycles > 1.3 * model_cycles) AND coalesce(span, 0) <= l2 AND atomics = 0
  -- each time that it is entered it may be elsewhere in what a cache cannot hold
  AND (t.loop IS NOT NULL OR entries <= 1 OR rss <= 8 * l2)
  -- where an address moves in a way that is not known, a cache may be why
  AND (span IS NOT NULL OR t.loop IS NOT NULL OR NOT EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND (i.load_bytes > 0 OR i.store_bytes > 0) AND NOT i.stack AND i.step IS NULL))
  AND coalesce(sparsity, 1) < 3 AND EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.flops > 0)
