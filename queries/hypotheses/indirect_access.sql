-- says: the loop reads elements in the order of an index: each address waits for a load, and neighbours do not share lines
-- refuted-by: with an index in ascending order the time is that of a
-- expects: slower
-- source: Drepper, "What Every Programmer Should Know About Memory" (2007), 6.2; Agner Fog, Instruction tables (gather)
SELECT d.loop,
       CASE WHEN d.gathers_b > d.gathers_a THEN 0.94 ELSE 0.93 END AS strength,
       list_filter([min(e.fact), CASE WHEN d.gathers_b > d.gathers_a
                                      THEN counted('gathers', d.gathers_a, d.gathers_b) END,
                    timed(d.time_ratio)], lambda x: x IS NOT NULL) AS evidence
FROM d LEFT JOIN edits e
  ON e.loop = d.loop AND e.side = 'b' AND e.in_loop AND regexp_matches(e.text, '\[[^\]]*\w\[')
WHERE (e.text IS NOT NULL
       -- the same source reads the same elements, whatever the instruction
       OR d.gathers_b > d.gathers_a AND EXISTS (FROM edits o WHERE o.loop = d.loop AND o.in_loop))
  AND NOT EXISTS (FROM loop_lines o WHERE o.loop = d.loop AND o.side = 'a' AND o.in_loop
                  AND regexp_matches(o.text, '\[[^\]]*\w\['))
GROUP BY d.loop, d.gathers_a, d.gathers_b, d.verdict, d.time_ratio
