-- purpose: each loop of two runs beside itself, with what every layer says on each side
-- grain: matched pair of loops, or a loop that only one run has
-- columns: loop, place, function, key_a, key_b, and share, samples, iterations, vector_width, ... with _a and _b
-- Needs the temporary tables sides(side, run_id) and loop_pairs(key_a, key_b, matched_by).
CREATE TEMP TABLE loop_code AS
SELECT run_id, loop, count(*) AS instructions,
       count(*) FILTER (stack) AS stack_accesses,
       count(*) FILTER (kind = 'call') AS calls,
       count(*) FILTER (kind = 'division') AS divisions,
       count(*) FILTER (kind = 'branch') AS branches,
       count(*) FILTER (kind = 'select') AS selects,
       count(*) FILTER (kind IN ('gather', 'scatter')) AS gathers,
       count(*) FILTER (kind = 'atomic') AS atomics,
       count(*) FILTER (kind = 'fma') AS fmas,
       count(*) FILTER (load_bytes > 0 OR store_bytes > 0) AS memory_accesses,
       count(*) FILTER (kind = 'prefetch') AS prefetches,
       count(*) FILTER (flops > 0 AND element = 'f32') AS float_operations,
       count(*) FILTER (flops > 0 AND element = 'f64') AS double_operations
FROM instructions WHERE loop IS NOT NULL GROUP BY ALL;

-- How many bytes apart the accesses through one set of registers lie, pass for pass, for each byte
-- that they touch: dense accesses move by what they read, a walk down a column by whole rows.
CREATE TEMP TABLE loop_strides AS
WITH accesses AS (
    SELECT run_id, loop, machine_loop, through, displacement, abs(any_value(step)) AS stride,
           -- of a number a compiler may read a byte, where no more of it counts (how far to shift)
           max(greatest(load_bytes, store_bytes, 4)) AS bytes
    FROM instructions
    WHERE loop IS NOT NULL AND step <> 0 AND NOT stack
    GROUP BY ALL
), moved AS (
    SELECT run_id, loop, machine_loop, through, any_value(stride) AS stride, sum(bytes) AS bytes
    FROM accesses GROUP BY ALL
)
SELECT s.run_id, s.loop, max(s.stride / s.bytes) AS sparsity
FROM moved s JOIN loop_mca m
  ON m.run_id = s.run_id AND m.loop = s.loop AND m.machine_loop = s.machine_loop
WHERE s.stride > 0 GROUP BY ALL;

CREATE TEMP TABLE loop_side AS
SELECT s.side, l.key, l.file || ':' || l.line AS place, l.function_name AS function, l.depth,
       h.share, coalesce(h.samples, 0) AS samples, h.entries, h.iterations, h.trip_count,
       x.vector_width, x.interleave, x.unroll, x.done,
       m.cycles_per_iteration AS mca_cycles, m.bound, m.vector_bits, m.ipc, m.machine_loops,
       c.* EXCLUDE (run_id, loop), p.sparsity
FROM sides s JOIN loops l USING (run_id)
LEFT JOIN hotspots h ON h.run_id = l.run_id AND h.loop = l.key
LEFT JOIN transformed x ON x.run_id = l.run_id AND x.loop = l.key
LEFT JOIN loop_mca m ON m.run_id = l.run_id AND m.loop = l.key
LEFT JOIN loop_code c ON c.run_id = l.run_id AND c.loop = l.key
LEFT JOIN loop_strides p ON p.run_id = l.run_id AND p.loop = l.key;

CREATE TEMP TABLE diff_loops AS
SELECT coalesce(p.key_b, p.key_a) AS loop, p.matched_by, p.key_a, p.key_b,
       coalesce(b.place, a.place) AS place, coalesce(b.function, a.function) AS function,
       a.place AS place_a, b.place AS place_b,
       COLUMNS(a.* EXCLUDE (side, key, place, function)) AS '\0_a',
       COLUMNS(b.* EXCLUDE (side, key, place, function)) AS '\0_b'
FROM loop_pairs p
LEFT JOIN loop_side a ON a.side = 'a' AND a.key = p.key_a
LEFT JOIN loop_side b ON b.side = 'b' AND b.key = p.key_b;
