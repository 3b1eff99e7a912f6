-- finds: a value is gone through bit by bit, each step waiting for the one before
-- refuted-by: with several bits at a time the loop takes as long as before
-- source: Warren, Hacker's Delight (2nd ed.), 5-1 and 14; Intel, "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ" (2009)
WITH loops_text AS (
    SELECT l.run_id, l.key AS loop, string_agg(s.text, ' ' ORDER BY s.line) AS text
    FROM loops l JOIN h ON h.run_id = l.run_id AND h.loop = l.key JOIN source s ON s.run_id = l.run_id AND s.file = l.file AND s.line BETWEEN l.line AND l.end_line
    WHERE l.innermost AND l.end_line - l.line < 20 GROUP BY ALL
)
SELECT h.run_id, id, 0.93 AS strength, 'infinity'::DOUBLE AS part,
       'a value is gone through bit by bit' || CASE WHEN trip_count >= 1.5 THEN ', ' || printf('%.0f', trip_count) || ' steps each time' ELSE '' END || coalesce(', ' || printf('%.1f', now) || ' cycles a bit', '') AS says,
       'take many bits at a time: a table of bytes (CRC, parity), or an instruction (__builtin_popcountll, __builtin_ctzll; -march=native has them)' AS helps, NULL AS flags,
       [{'rows': 'FROM hotspots WHERE ' || here, 'says': 'the source shifts by one and looks at one bit'}] AS evidence
FROM h JOIN loops_text t USING (run_id, loop)
WHERE regexp_matches(t.text, '(>>|<<)=?\s*1[uUlL]*\b') AND regexp_matches(t.text, '&\s*\(?(1|0x0*1|0x8[0-9a-fA-F]*0+)[uUlL]*\b')
  AND lanes = 1 AND NOT coalesce(calls, false) AND coalesce(divisions, 0) = 0 AND coalesce(stores, 0) <= coalesce(stack_accesses, 0)
  AND NOT EXISTS (FROM instructions i WHERE i.run_id = h.run_id AND i.machine_loop = h.machine_loop AND i.mnemonic LIKE '%mul%')
UNION ALL BY NAME
-- a field of a few bits, put together or taken apart one by one
SELECT h.run_id, id, 0.93 AS strength, 'infinity'::DOUBLE AS part,
       'a value is gone through bit by bit, ' || printf('%.0f', trip_count) || ' steps each time' || coalesce(', ' || printf('%.1f', now) || ' cycles a bit', '') ||
       CASE WHEN stores > stack_accesses THEN ', each of which waits until the one before is stored' ELSE '' END AS says,
       'take many bits at a time: gather them in a word with one shift and one or for the whole field, and store that when it is full; to read, load a word and cut the field out of it' AS helps, NULL AS flags,
       [{'rows': 'FROM hotspots WHERE ' || here, 'says': 'the source shifts by the number of the bit and looks at one bit'}] AS evidence
FROM h JOIN loops_text t USING (run_id, loop)
WHERE regexp_matches(t.text, '>>\s*\(?\s*[A-Za-z_]') AND regexp_matches(t.text, '&\s*\(?1[uUlL]*\s*\)') AND NOT regexp_matches(t.text, '(>>|<<)=?\s*1[uUlL]*\b')
  AND trip_count BETWEEN 1.5 AND 64 AND lanes = 1 AND coalesce(divisions, 0) = 0
