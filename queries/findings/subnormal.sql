-- finds: numbers below the normal range: they were met, and the program is quicker with them taken for zero; or their constant stands there
-- refuted-by: with such numbers taken for zero (-mdaz-ftz) the time stays
-- source: Intel 64 and IA-32 Architectures Optimization Reference Manual, 3.9 (denormals, FTZ, DAZ); Agner Fog, The microarchitecture
-- The processor tells whether there were any (table `subnormals`). Where nobody asked it, only a constant
-- does, or a time far above the model's that nothing else of the loop can be the reason of.
WITH tiny AS (
    -- a constant below the normal range: of floats beneath 1.2e-38, of doubles beneath 2.2e-308
    SELECT l.run_id, l.key AS loop, min(s.line) AS line, arg_min(regexp_extract(s.text, '\b[0-9.]+[eE]-(3[89]|4[0-9])[fF]|\b[0-9.]+[eE]-(30[89]|31[0-9]|32[0-9])\b'), s.line) AS constant
    FROM loops l JOIN source s ON s.run_id = l.run_id AND s.file = l.file AND s.line BETWEEN l.line AND l.end_line
    WHERE regexp_matches(s.text, '\b[0-9.]+[eE]-(3[89]|4[0-9])[fF]|\b[0-9.]+[eE]-(30[89]|31[0-9]|32[0-9])\b') GROUP BY ALL
), met AS (
    SELECT run_id, bool_or(seen) AS seen, min(as_it_is) AS as_it_is, min(flushed) AS flushed, 1 - min(flushed) / nullif(min(as_it_is), 0) AS saved FROM subnormals GROUP BY ALL
), held AS (
    -- the peak of a small program is not known: what it touched first, page by page
    SELECT t.run_id, coalesce(max(t.max_rss), max(c.value) * 4096) AS rss FROM timings t LEFT JOIN counters c ON c.run_id = t.run_id AND c.event = 'page-faults' GROUP BY ALL
), working AS (
    SELECT h.*, t.line, t.constant, m.seen, m.as_it_is, m.flushed, coalesce(m.saved, 0) AS saved, rss,
           -- what is gained is gained where such numbers are: at their constant, or where most of the work is
           row_number() OVER (PARTITION BY h.run_id ORDER BY t.constant IS NOT NULL DESC, h.share DESC) AS nth
    FROM h LEFT JOIN tiny t USING (run_id, loop) LEFT JOIN met m USING (run_id) LEFT JOIN held USING (run_id)
    WHERE h.loop IS NOT NULL AND EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.flops > 0)
)
SELECT run_id, id, CASE WHEN seen AND saved > 0.1 THEN 0.96 WHEN constant IS NOT NULL THEN CASE WHEN seen THEN 0.72 ELSE 0.9 END ELSE 0.4 END AS strength,
       CASE WHEN seen AND saved > 0.1 THEN greatest(share / greatest(share - saved, 0.01 * share), 1) ELSE cycles / least(model_cycles, cycles) END AS part,
       CASE WHEN seen AND saved > 0.1 THEN 'numbers below the normal range (subnormal) take longer' || coalesce(', and ' || constant || ' in line ' || line || ' is one', '') || ': they were met, and with them taken for zero the program takes ' || printf('%.2f', flushed) || ' s in place of ' || printf('%.2f', as_it_is)
            ELSE printf('%.1f', cycles) || ' cycles an iteration, where the model expects ' || printf('%.1f', model_cycles) || CASE WHEN constant IS NOT NULL
               THEN ': numbers below the normal range (subnormal) take longer, and ' || constant || ' in line ' || line || ' is one'
               ELSE ', on data that fits a cache: numbers below the normal range (subnormal) would be one reason' END END AS says,
       'let them be taken for zero (-mdaz-ftz, or _mm_setcsr), or keep the values away from zero' AS helps, '-mdaz-ftz' AS flags,
       [{'rows': 'SELECT count(*) AS operations FROM instructions WHERE flops > 0 AND machine_loop = ' || machine_loop, 'says': 'operations in floating point'},
        CASE WHEN seen AND saved > 0.1 THEN {'rows': 'FROM subnormals', 'says': printf('×%.2f', as_it_is / flushed) || ' without such numbers'}
             ELSE {'rows': 'SELECT loop, ns_per_iteration, mca_cycles FROM hotspots WHERE ' || here, 'says': printf('%.1f', cycles / model_cycles) || ' times the model'} END] AS evidence
FROM working
WHERE CASE WHEN seen THEN saved > 0.1 AND nth = 1 OR saved > 0.03 AND constant IS NOT NULL AND cycles > 1.3 * model_cycles
           WHEN seen IS NULL THEN NOT calls AND branches <= 1 AND coalesce(span, 0) <= l2 AND atomics = 0 AND coalesce(sparsity, 1) < 3
             AND CASE WHEN constant IS NOT NULL THEN cycles > 1.3 * model_cycles
                      ELSE cycles > 4 * model_cycles AND gathers = 0 AND computed_loads = 0 AND stack_accesses = 0
                        -- what one iteration stores, the next may load; of few turns the last one is guessed wrong
                        AND NOT (lanes = 1 AND loads > 0 AND stores > 0) AND coalesce(trip_count, 0) >= 64
                        -- each time that it is entered it may be elsewhere in what a cache cannot hold
                        AND (entries <= 1 OR rss <= 8 * l2)
                        -- where an address moves in a way that is not known, a cache may be why
                        AND (span IS NOT NULL OR NOT EXISTS (FROM instructions i WHERE i.run_id = working.run_id AND i.machine_loop = working.machine_loop AND (i.load_bytes > 0 OR i.store_bytes > 0) AND NOT i.stack AND i.step IS NULL))
                 END END
