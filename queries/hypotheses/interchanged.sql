-- says: the loops of the nest changed places: the innermost one now runs {head}
-- refuted-by: on data that fits the first-level cache the time differs as much
-- source: Allen & Kennedy, Optimizing Compilers for Modern Architectures, ch. 5 (interchange); LLVM, loop-interchange
WITH heads AS (
    SELECT p.side, p.loop, l.function, l.depth, c.text
    FROM paired p JOIN sides s ON s.side = p.side
    JOIN loops l ON l.run_id = s.run_id AND l.key = p.key
    JOIN code_lines c ON c.side = p.side AND c.file = l.file AND c.line = l.line
), swapped AS (
    SELECT a.loop, a.text AS text_a, b.text AS text_b, 'source: "' || a.text || '" in a, "' || b.text || '" in b' AS fact
    FROM heads a JOIN heads b ON a.loop = b.loop AND a.side = 'a' AND b.side = 'b'
    WHERE a.text <> b.text
      AND EXISTS (FROM heads o WHERE o.side = 'b' AND o.function = b.function AND o.depth <> b.depth AND o.text = a.text)
      AND EXISTS (FROM heads o WHERE o.side = 'a' AND o.function = a.function AND o.depth <> a.depth AND o.text = b.text)
    UNION ALL
    SELECT loop, NULL, words, fact FROM remark_facts
    WHERE pass = 'loop-interchange' AND name = 'Interchanged' AND side = 'b' AND change = 'appeared'
)
SELECT d.loop, CASE WHEN d.verdict IN ('faster', 'slower') THEN 0.98 ELSE 0.95 END AS strength,
       any_value(s.text_b) AS head,
       list_filter([min(s.fact),
                    'instructions: address steps of ' || round(d.sparsity_a, 1) || ' bytes for each byte accessed in a, '
                    || round(d.sparsity_b, 1) || ' in b',
                    timed(d.time_ratio)], lambda e: e IS NOT NULL) AS evidence
FROM d JOIN swapped s ON s.loop = d.loop
WHERE coalesce(d.iterations_a / d.iterations_b, 1) BETWEEN 0.9 AND 1.1 OR d.depth_b > 1
GROUP BY d.loop, d.verdict, d.sparsity_a, d.sparsity_b, d.time_ratio
