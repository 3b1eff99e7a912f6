-- finds: the loop is vectorised, for fewer elements than the vectors of this machine hold
-- refuted-by: with -march=native the loop takes as long as before
-- source: clang documentation, -march; Intel and AMD optimization manuals, vector widths
-- Of a loop in the first cache that is as quick as its instructions allow, wider ones are all that is left.
SELECT h.run_id, id, cycles / greatest(work_cycles * h.vector_bits / m.value, floor_of_memory) AS part,
       CASE WHEN lanes > 1 AND cycles < 1.7 * reach AND part > 1.3 AND coalesce(span, 0) <= l1 THEN 0.71 ELSE 0.35 END AS strength,
       'it uses vectors of ' || h.vector_bits || ' bits, and this machine has ' || m.value::INTEGER AS says,
       'build for the machine (-march=native)' AS helps, '-march=native' AS flags,
       [{'rows': 'FROM machine WHERE name = ''vector''', 'says': m.value::INTEGER || ' bits'},
        {'rows': 'FROM loop_mca WHERE ' || here, 'says': h.vector_bits || ' bits used'}] AS evidence
FROM h JOIN machine m ON m.run_id = h.run_id AND m.name = 'vector'
WHERE h.vector_bits > 0 AND h.vector_bits < m.value AND h.cycles IS NOT NULL
  -- where it waits for memory, wider vectors wait, too
  AND coalesce(h.cycles < 2 * h.model_cycles, true) AND NOT EXISTS (
    FROM runs r WHERE r.run_id = h.run_id AND list_contains(r.flags, '-march=native'))
