-- purpose: instructions, accesses and misses that cachegrind simulated, by place
-- grain: function x line, in at most one loop
-- columns: run_id, function, loop, file, line, instructions, reads, l1_read_misses, last_level_read_misses, writes, l1_write_misses
SELECT run_id, function, loop, file, line, sum(Ir)::BIGINT AS instructions,
       sum(Dr)::BIGINT AS reads, sum(D1mr)::BIGINT AS l1_read_misses,
       sum(DLmr)::BIGINT AS last_level_read_misses,
       sum(Dw)::BIGINT AS writes, sum(D1mw)::BIGINT AS l1_write_misses
FROM cachegrind
GROUP BY run_id, function, loop, file, line
