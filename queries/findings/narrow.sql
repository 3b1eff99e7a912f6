-- finds: the loop is vectorised, for fewer elements than the vectors of this machine hold
-- refuted-by: with -march=native the loop takes as long as before
-- source: clang documentation, -march; Intel and AMD optimization manuals, vector widths
SELECT h.run_id, id, 0.35 AS strength, cycles / greatest(work_cycles * h.vector_bits / m.value, floor_of_memory) AS part,
       'it uses vectors of ' || h.vector_bits || ' bits, and this machine has ' || m.value::INTEGER AS says,
       'build for the machine (-march=native)' AS helps, '-march=native' AS flags,
       [{'rows': 'FROM machine WHERE name = ''vector''', 'says': m.value::INTEGER || ' bits'},
        {'rows': 'FROM loop_mca WHERE ' || here, 'says': h.vector_bits || ' bits used'}] AS evidence
FROM h JOIN machine m ON m.run_id = h.run_id AND m.name = 'vector'
WHERE h.vector_bits > 0 AND h.vector_bits < m.value AND h.cycles IS NOT NULL AND NOT EXISTS (
    FROM runs r WHERE r.run_id = h.run_id AND list_contains(r.flags, '-march=native'))
