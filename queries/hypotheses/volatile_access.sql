-- says: a volatile object is accessed in memory at each iteration of {side}
-- refuted-by: without the qualifier the time stays
-- expects: CASE WHEN side = 'b' THEN 'slower' ELSE 'faster' END
-- source: C17 5.1.2.3 and 6.7.3 (volatile); Agner Fog, Optimizing software in C++, ch. 14.5
SELECT d.loop,
       0.92 AS strength,
       e.side,
       list_filter([min(e.fact), min(r.fact), timed(d.time_ratio)], lambda x: x IS NOT NULL) AS evidence
FROM d JOIN edits e ON e.loop = d.loop AND regexp_matches(e.text, '\bvolatile\b') AND NOT e.text LIKE '%asm%'
LEFT JOIN remark_facts r ON r.loop = d.loop AND r.side = e.side AND r.words LIKE '%volatile%'
WHERE d.code_changed
GROUP BY d.loop, d.verdict, e.side, d.time_ratio
