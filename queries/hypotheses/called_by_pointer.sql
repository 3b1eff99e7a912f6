-- says: {side} calls it through a pointer (a virtual function, a std::function, a callback), so that nothing of it is inlined
-- refuted-by: called by its name and inlined, it takes as long
-- expects: CASE WHEN side = 'b' THEN 'slower' ELSE 'faster' END
-- about: p
-- source: Agner Fog, Optimizing software in C++, 7.22 (virtual member functions); LLVM, IndirectCallPromotion
WITH direct AS (
    SELECT DISTINCT s.side, regexp_extract(i.operands, '<([^>+@]+)', 1) AS name FROM sides s JOIN instructions i USING (run_id)
    WHERE i.kind IN ('call', 'jump') AND i.operands NOT LIKE '*%'
), pointed AS (
    -- who calls through pointers, and the functions that were sampled under them
    SELECT DISTINCT s.side, c.function AS name FROM sides s JOIN callers c USING (run_id)
    -- the caller's own code, or what is inlined there, as std::function's operator() is
    JOIN instructions i ON i.run_id = c.run_id AND i.kind IN ('call', 'jump') AND starts_with(i.operands, '*')
     AND (i.symbol = c.caller OR len(list_filter(i.frames, lambda f: f.function = c.caller)) > 0)
    WHERE c.loop IS NULL
), told AS (
    SELECT *, CASE WHEN samples_b > samples_a THEN 'b' ELSE 'a' END AS side FROM p
    WHERE kind = 'function' AND greatest(samples_a, samples_b) >= 40 AND least(samples_a, samples_b) < 0.1 * greatest(samples_a, samples_b)
)
SELECT t.loop, 0.9 AS strength, t.side,
       list_filter(['samples: ' || t.samples_a || ' in a, ' || t.samples_b || ' in b', 'callers: ' || CASE t.side WHEN 'b' THEN t.called_b ELSE t.called_a END,
                    timed(t.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM told t JOIN pointed o ON o.side = t.side AND o.name = t.name
WHERE NOT EXISTS (FROM direct d WHERE d.side = t.side AND d.name = t.name)
