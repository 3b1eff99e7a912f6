-- purpose: each loop of two runs beside itself, with what every layer says on each side
-- grain: matched pair of loops, or a loop that only one run has
-- columns: loop, place, function, key_a, key_b, and share, samples, iterations, vector_width, ... with _a and _b
-- Needs the temporary tables sides(side, run_id) and loop_pairs(key_a, key_b, matched_by).
-- `called` and `divided` count places in the source: what unrolling copied, or left over, counts once.
-- A call out of the loop for good, as to what throws, lies in no machine loop: nobody waits for it.
-- Nor for what by its count or its name is called once, or when something went wrong; where nothing
-- counts (a header of the library), for code of a loop with many samples that has none of them.
CREATE TEMP TABLE block_samples AS
SELECT i.run_id, i.loop, i.block, coalesce(sum(s.count), 0) AS samples
FROM instructions i LEFT JOIN (SELECT run_id, address, sum(count) AS count FROM samples GROUP BY ALL) s USING (run_id, address)
WHERE i.loop IS NOT NULL AND i.run_id IN (SELECT run_id FROM sides) GROUP BY ALL;

CREATE TEMP TABLE loop_code AS
SELECT run_id, loop, count(*) AS instructions,
       count(*) FILTER (stack) AS stack_accesses,
       count(*) FILTER (kind = 'call') AS calls,
       count(DISTINCT CASE WHEN kind = 'call' AND (machine_loop IS NOT NULL OR NOT turns) AND coalesce(happens, true) AND NOT regexp_matches(operands, '<(__cxa_(guard|throw|allocate|bad|rethrow|atexit)|_ZSt[0-9]+__throw|_?abort|__assert|__stack_chk|_Unwind_|exit)|_cold(E[^>]*)?[+>]') THEN hash(frames, operands) END) AS called,
       count(*) FILTER (kind = 'division') AS divisions,
       count(DISTINCT CASE WHEN kind = 'division' THEN hash(frames) END) AS divided,
       count(*) FILTER (kind = 'branch') AS branches,
       count(*) FILTER (kind = 'select') AS selects,
       count(*) FILTER (kind IN ('gather', 'scatter')) AS gathers,
       count(*) FILTER (kind = 'atomic') AS atomics,
       count(*) FILTER (kind = 'fma') AS fmas,
       count(*) FILTER (load_bytes > 0 OR store_bytes > 0) AS memory_accesses,
       count(*) FILTER (kind = 'prefetch') AS prefetches,
       -- to the other type and back: one way alone is no detour
       CASE WHEN bool_or(kind = 'convert' AND element = 'f32') AND bool_or(kind = 'convert' AND element = 'f64')
            THEN count(*) FILTER (kind = 'convert') ELSE 0 END AS conversions,
       count(*) FILTER (kind = 'convert' AND element IN ('f32', 'f64')) AS converts,
       count(*) FILTER (flops > 0 AND element = 'f32') AS float_operations,
       count(*) FILTER (flops > 0 AND element = 'f64') AS double_operations
FROM (SELECT i.*, coalesce(c.calls > 0.001 * t.iterations, b.samples > 0 OR w.samples < 1000) AS happens FROM instructions i
      LEFT JOIN (SELECT run_id, function, max(function_count) AS calls FROM execution_regions GROUP BY ALL) c
        ON i.kind = 'call' AND c.run_id = i.run_id AND c.function = regexp_extract(i.operands, '<([^>+@]+)', 1)
      LEFT JOIN trips t ON i.kind = 'call' AND t.run_id = i.run_id AND t.loop_key = i.loop
      LEFT JOIN block_samples b ON i.kind = 'call' AND b.run_id = i.run_id AND b.loop = i.loop AND b.block = i.block
      LEFT JOIN (SELECT run_id, loop, sum(samples) AS samples FROM block_samples GROUP BY ALL) w ON i.kind = 'call' AND w.run_id = i.run_id AND w.loop = i.loop WHERE i.loop IS NOT NULL)
JOIN (SELECT run_id, loop, bool_or(machine_loop IS NOT NULL) AS turns
      FROM instructions WHERE loop IS NOT NULL GROUP BY ALL) USING (run_id, loop)
GROUP BY run_id, loop;

-- The hottest machine loop of each loop, an iteration of the source at a time. A copy loop has no arithmetic: its width shows in what it moves.
CREATE TEMP TABLE loop_pass AS
SELECT * EXCLUDE (instructions, stacked, accesses, jumps, vectors), vectors > 0 AS in_vectors,
       instructions / elements AS work, stacked / elements AS spilled,
       accesses / elements AS accessed, jumps / elements AS jumped
FROM (SELECT c.* EXCLUDE (machine_loop), coalesce(n.iterations, 1) AS elements
      FROM (SELECT m.run_id, m.loop, m.machine_loop, m.machine_loop % 64 AS head, count(*) AS instructions,
                   count(*) FILTER (i.stack) AS stacked,
                   count(*) FILTER (i.load_bytes > 0 OR i.store_bytes > 0) AS accesses,
                   count(*) FILTER (i.kind = 'branch') AS jumps,
                   count(*) FILTER (i.packed OR greatest(i.load_bytes, i.store_bytes) >= 16) AS vectors,
                   max(abs(i.step)) FILTER (NOT i.stack) AS stride
            FROM loop_mca m JOIN instructions i USING (run_id, machine_loop)
            WHERE i.loop = m.loop GROUP BY ALL) c
      LEFT JOIN iterations_a_pass n ON n.run_id = c.run_id AND n.machine_loop = c.machine_loop);

-- The part of a loop's samples that lies in machine loops that work on vectors.
CREATE TEMP TABLE loop_vectors AS
SELECT run_id, loop, sum(CASE WHEN v.vectors THEN samples ELSE 0 END) / sum(samples) AS vector_share
FROM machine_loops m LEFT JOIN (
    SELECT run_id, machine_loop, bool_or(coalesce(packed, false) OR greatest(load_bytes, store_bytes) >= 16) AS vectors
    FROM instructions WHERE machine_loop IS NOT NULL GROUP BY ALL) v USING (run_id, machine_loop)
WHERE loop IS NOT NULL GROUP BY ALL HAVING sum(samples) >= 50;

-- Loads of what the loop stored, in the same pass or the one before. Where one store has all of the
-- bytes they wait until it is passed on (`forwarded`), else until it has gone to the cache (`stalled`).
CREATE TEMP TABLE loop_forwards AS
WITH accesses AS (
    SELECT i.run_id, m.loop, i.machine_loop, i.address, i.through, i.stack, coalesce(i.step, 0) AS step,
           i.displacement AS low, i.displacement + greatest(i.load_bytes, i.store_bytes) AS high,
           i.load_bytes > 0 AS loads, i.store_bytes > 0 AS stores
    FROM loop_mca m JOIN instructions i USING (run_id, machine_loop)
    WHERE i.through IS NOT NULL AND (i.load_bytes > 0 OR i.store_bytes > 0)
      AND i.moves IS DISTINCT FROM 'computed' AND i.moves IS DISTINCT FROM 'at run time' AND i.kind NOT IN ('call', 'atomic')
), met AS (
    SELECT l.run_id, l.loop, l.address, l.stack, bool_or(s.low <= l.low + k.passes * l.step AND s.high >= l.high + k.passes * l.step) AS whole
    FROM accesses l JOIN accesses s ON s.run_id = l.run_id AND s.machine_loop = l.machine_loop AND s.through = l.through AND s.step = l.step
    CROSS JOIN (VALUES (0), (1)) k(passes)
    WHERE l.loads AND s.stores AND s.low < l.high + k.passes * l.step AND s.high > l.low + k.passes * l.step
      -- what is read before it is written, in one pass, was written in none
      AND (s.address < l.address OR k.passes = 1)
    GROUP BY ALL
)
SELECT run_id, loop, count(*) FILTER (whole AND NOT stack) AS forwarded, count(*) FILTER (NOT whole) AS stalled
FROM met GROUP BY ALL;

-- The branch on the data that goes the rarer way most often; what ends a loop is none.
CREATE TEMP TABLE loop_branches AS
WITH branches AS (
    SELECT b.run_id, b.line, b.count, b.false_count, least(b.count, b.false_count) / (b.count + b.false_count) AS undecided,
           arg_max(l.key, l.depth) AS loop
    FROM execution_regions b JOIN loops l ON l.run_id = b.run_id AND l.file = b.file AND b.line BETWEEN l.line AND l.end_line
    WHERE b.kind = 'branch' AND b.false_count IS NOT NULL AND b.count + b.false_count > 1000
      AND NOT EXISTS (FROM trips t WHERE t.run_id = b.run_id AND t.function = b.function AND t.entries = b.false_count
                      AND b.count IN (t.iterations, t.iterations - t.entries))
    GROUP BY ALL
)
SELECT run_id, loop, max(undecided) AS undecided, arg_max(line, undecided) AS branch_line
FROM branches GROUP BY ALL;

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
       c.* EXCLUDE (run_id, loop), p.sparsity,
       q.* EXCLUDE (run_id, loop), v.vector_share, coalesce(f.forwarded, 0) AS forwarded,
       coalesce(f.stalled, 0) AS stalled, b.undecided, b.branch_line,
       g.missed, k.cycles, k.model_cycles, k.span, k.computed_loads + k.far_accesses AS far_loads, k.chased_loads AS chased, k.l1, k.l2
FROM sides s JOIN loops l USING (run_id)
LEFT JOIN hotspots h ON h.run_id = l.run_id AND h.loop = l.key
LEFT JOIN transformed x ON x.run_id = l.run_id AND x.loop = l.key
LEFT JOIN loop_mca m ON m.run_id = l.run_id AND m.loop = l.key
LEFT JOIN loop_code c ON c.run_id = l.run_id AND c.loop = l.key
LEFT JOIN loop_strides p ON p.run_id = l.run_id AND p.loop = l.key
LEFT JOIN loop_pass q ON q.run_id = l.run_id AND q.loop = l.key
LEFT JOIN loop_vectors v ON v.run_id = l.run_id AND v.loop = l.key
LEFT JOIN loop_forwards f ON f.run_id = l.run_id AND f.loop = l.key
LEFT JOIN loop_branches b ON b.run_id = l.run_id AND b.loop = l.key
LEFT JOIN hot_places k ON k.run_id = l.run_id AND k.loop = l.key
LEFT JOIN (SELECT run_id, loop, sum(l1_read_misses) / nullif(sum(reads), 0) AS missed
           FROM cachegrind_sums GROUP BY ALL) g ON g.run_id = l.run_id AND g.loop = l.key;

CREATE TEMP TABLE diff_loops AS
SELECT coalesce(p.key_b, p.key_a) AS loop, p.matched_by, p.key_a, p.key_b,
       coalesce(b.place, a.place) AS place, coalesce(b.function, a.function) AS function,
       a.place AS place_a, b.place AS place_b,
       COLUMNS(a.* EXCLUDE (side, key, place, function)) AS '\0_a',
       COLUMNS(b.* EXCLUDE (side, key, place, function)) AS '\0_b'
FROM loop_pairs p
LEFT JOIN loop_side a ON a.side = 'a' AND a.key = p.key_a
LEFT JOIN loop_side b ON b.side = 'b' AND b.key = p.key_b;
