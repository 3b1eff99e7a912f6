-- purpose: each hot place with all that tells why it takes its time; findings are made of it
-- grain: loop with a hundredth of the samples; outside loops a function, a library's symbol, or a kind of work of the kernel
-- columns: run_id, id, loop, place, function, symbol, object, own, called, share, samples, sampled, seconds, entries, iterations, trip_count, cycles, model_cycles, work_cycles, lanes, lanes_possible, machine_bits, elements_a_pass, element_bytes, vector_width, unroll, bound, calls, machine_loop, vector_bits, instructions, loads, stores, divisions, branches, gathers, indexed_loads, atomics, stack_accesses, computed_loads, chased_loads, row_loads, far_accesses, sparsity, span, walked, bytes, clock, memory, l1, l2, l3
-- Cycles are those of one iteration of the source: `cycles` measured (its time in the quickest
-- repetition by the machine's clock), `model_cycles` what llvm-mca expects, `work_cycles` what an ideal core needs for the loads,
-- stores and operations alone, without what only drives the loop: two loads a cycle, one store, two
-- operations in floating point, four others. `lanes` are
-- the elements that an instruction works on, `lanes_possible` those that the vectors of the build's
-- target hold. `sparsity` is how many bytes addresses move for each byte used, `span` the bytes that
-- the loop walks over each time that it is entered, `walked` those of one iteration, `bytes` those that an iteration asks for.
WITH machine_row AS (
    SELECT run_id, max(value) FILTER (name = 'clock') AS clock, max(value) FILTER (name = 'memory') AS memory,
           max(value) FILTER (name = 'vector') AS vector, max(value) FILTER (name = 'L1') AS l1,
           max(value) FILTER (name = 'L2') AS l2, max(value) FILTER (name = 'L3') AS l3
    FROM machine GROUP BY run_id
), quickest AS (
    -- other work can only make a repetition slower
    SELECT run_id, min(least(wall, nullif(user + system, 0))) AS quickest FROM timings GROUP BY ALL
), target AS (
    -- what the flags allow the compiler; without any, the vectors that every processor of the kind has
    SELECT r.run_id, least(r.wall, nullif(r.cpu_seconds, 0)) AS taken, coalesce(q.quickest, taken) AS quickest, m.* EXCLUDE (run_id),
           CASE WHEN list_has_any(r.flags, ['-march=native', '-march=x86-64-v4', '-mavx512f', '-mcpu=native']) THEN m.vector
                WHEN list_has_any(r.flags, ['-mavx2', '-mavx', '-march=x86-64-v3', '-march=haswell']) THEN 256
                ELSE 128 END AS target_bits
    FROM runs r LEFT JOIN machine_row m USING (run_id) LEFT JOIN quickest q USING (run_id)
), sampled AS (
    SELECT run_id, sum(count)::BIGINT AS sampled FROM samples GROUP BY run_id
), hottest AS (
    SELECT m.run_id, m.loop, machine_loop, cycles_per_iteration AS pass_cycles, block_rthroughput, bound, calls, m.vector_bits, l.innermost
    FROM loop_mca m JOIN machine_loops l USING (run_id, machine_loop)
), pass AS (
    -- of a machine loop that holds others, the way through it that was modelled
    SELECT i.* FROM instructions i JOIN hottest h USING (run_id, machine_loop) LEFT JOIN mca_instructions m USING (run_id, machine_loop, address)
    WHERE h.innermost OR m.address IS NOT NULL
), chased AS (
    -- loads from where the load of the last pass led
    SELECT run_id, machine_loop, count(*) AS chased_loads FROM pass WHERE load_bytes > 0 AND origin = 'itself' AND NOT stack GROUP BY ALL
), next_rows AS (
    -- loads from a row whose pointer was loaded just before, from beside that of the row before
    SELECT i.run_id, i.machine_loop, count(DISTINCT i.address) AS row_loads
    FROM pass i JOIN pass p ON p.run_id = i.run_id AND p.machine_loop = i.machine_loop AND p.address < i.address AND p.load_bytes = 8 AND p.moves = 'constant' AND p.step <> 0
     AND regexp_extract(p.operands, '%(\w+)$', 1) = string_split(i.through, '+')[1]
    WHERE i.load_bytes > 0 AND i.moves = 'computed' AND i.origin = 'loaded' AND contains(i.through, '+') GROUP BY ALL
), code AS (
    SELECT i.run_id, i.machine_loop, count(*) AS instructions,
           count(*) FILTER (load_bytes > 0) AS loads, count(*) FILTER (store_bytes > 0) AS stores,
           -- what is loaded again from where it was, or kept on the stack, is no part of the work
           count(*) FILTER (load_bytes > 0 AND NOT stack AND step IS DISTINCT FROM 0) AS work_loads,
           count(*) FILTER (store_bytes > 0 AND NOT stack AND step IS DISTINCT FROM 0) AS work_stores,
           greatest(count(*) FILTER (kind IN ('arithmetic', 'logic', 'select', 'convert', 'fma') AND coalesce(flops, 0) = 0) - 2, 0) AS other_operations,
           sum(coalesce(load_bytes, 0) + coalesce(store_bytes, 0)) FILTER (NOT stack) AS moved,
           count(*) FILTER (kind = 'division') AS divisions, count(*) FILTER (kind = 'branch') AS branches,
           count(*) FILTER (kind IN ('gather', 'scatter')) AS gathers, count(*) FILTER (NOT stack AND (kind = 'gather' AND origin IS DISTINCT FROM 'numbers' OR load_bytes BETWEEN 1 AND 8 AND origin = 'loaded')) AS indexed_loads, count(*) FILTER (kind = 'atomic') AS atomics,
           count(*) FILTER (stack) AS stack_accesses, count(*) FILTER (flops > 0) AS operations,
           -- some statements of many were put together
           CASE WHEN count(*) FILTER (packed) > count(*) FILTER (flops > 0 AND NOT packed) THEN count(*) FILTER (packed) ELSE 0 END AS packed,
           -- wider ones are vectors of neighbours
           count(*) FILTER (load_bytes BETWEEN 1 AND 8 AND moves = 'computed' AND NOT stack) AS computed_loads,
           -- a distance in a register: rows of a matrix whose size is known at run time
           count(*) FILTER (moves = 'at run time' AND NOT stack) AS far_accesses,
           max(CASE WHEN element IN ('f64', 'i64') THEN 8 WHEN element IN ('f32', 'i32') THEN 4
                    WHEN element = 'i16' THEN 2 WHEN element = 'i8' THEN 1 END) FILTER (flops > 0 OR packed) AS element_bytes,
           min(least(load_bytes, 8)) FILTER (load_bytes > 0 AND NOT stack AND coalesce(moves, '') <> 'computed') AS scalar_bytes
    FROM pass i GROUP BY ALL
), accesses AS (
    SELECT i.run_id, i.machine_loop, through, displacement, abs(any_value(step)) AS stride,
           max(greatest(load_bytes, store_bytes, 4)) AS bytes
    FROM pass i
    WHERE step <> 0 AND NOT stack GROUP BY ALL
), moved AS (
    SELECT run_id, machine_loop, through, any_value(stride) AS stride, sum(bytes) AS bytes
    FROM accesses WHERE stride > 0 GROUP BY ALL
), strides AS (
    SELECT run_id, machine_loop, max(stride / bytes) AS sparsity, sum(stride) AS stride FROM moved GROUP BY ALL
), outer_call AS (
    -- where the program has a loop of the library: the call that was inlined
    SELECT run_id, loop, mode(call.file || ':' || call.line) AS place
    FROM (SELECT run_id, loop, list_filter(frames, lambda f: f.file NOT LIKE '/%')[1] AS call
          FROM instructions WHERE loop IS NOT NULL AND frames[1].file LIKE '/%') GROUP BY ALL
), of_loops AS (
    SELECT *, -- all turns of the loop are one pass through what was around it
           coalesce(unrolled_fully * coalesce(vector_width, 1) * coalesce(interleave, 1) = trip_count, false) AS in_one,
           -- of vectors that only copy, nothing is packed arithmetic
           CASE WHEN packed = 0 THEN CASE WHEN in_vectors AND vector_width > 1 AND pass_iterations % vector_width = 0 THEN vector_width ELSE 1 END
                WHEN vector_width > 1 THEN vector_width
                -- vectors that the source has, or that were made of its statements
                ELSE greatest(vector_bits / (8 * element_bytes), 1) END AS lanes,
           CASE WHEN in_one THEN trip_count ELSE coalesce(pass_iterations, 1) END AS elements_a_pass
    FROM (SELECT *, coalesce(element_bytes_found, scalar_bytes, 8) AS element_bytes FROM (
        SELECT l.run_id, l.key AS loop, l.function_name AS function, l.function AS symbol, s.share, s.samples, t.entries, t.iterations,
               t.mean_trip_count AS trip_count, x.vector_width, x.interleave, x.unroll, x.unrolled_fully, n.iterations AS pass_iterations, n.in_vectors, h.* EXCLUDE (run_id, loop, innermost),
               c.* EXCLUDE (run_id, machine_loop, element_bytes), c.element_bytes AS element_bytes_found, CASE WHEN c.machine_loop IS NOT NULL THEN coalesce(k.chased_loads, 0) END AS chased_loads,
               d.sparsity, d.stride, y.row_loads,
               CASE WHEN l.file LIKE '/%' THEN coalesce(o.place, l.file || ':' || l.line)
                    ELSE l.file || ':' || l.line END AS place
        FROM loops l JOIN sample_shares s ON s.run_id = l.run_id AND s.loop = l.key
        LEFT JOIN trips t ON t.run_id = l.run_id AND t.loop_key = l.key
        LEFT JOIN transformed x ON x.run_id = l.run_id AND x.loop = l.key
        LEFT JOIN hottest h ON h.run_id = l.run_id AND h.loop = l.key
        LEFT JOIN iterations_a_pass n ON n.run_id = l.run_id AND n.machine_loop = h.machine_loop
        LEFT JOIN code c ON c.run_id = l.run_id AND c.machine_loop = h.machine_loop
        LEFT JOIN chased k ON k.run_id = l.run_id AND k.machine_loop = h.machine_loop
        LEFT JOIN next_rows y ON y.run_id = l.run_id AND y.machine_loop = h.machine_loop
        LEFT JOIN strides d ON d.run_id = l.run_id AND d.machine_loop = h.machine_loop
        LEFT JOIN outer_call o ON o.run_id = l.run_id AND o.loop = l.key
    ))
), places AS (
    SELECT p.*, 'the program' AS object, true AS own, c.says || CASE WHEN c.part < 0.6 THEN ' and elsewhere' ELSE '' END AS called FROM of_loops p
    -- of code in a header that was not inlined: who calls it
    LEFT JOIN caller_words c ON c.run_id = p.run_id AND c.loop = p.loop AND p.place LIKE '/%' AND c.rank = 1 AND c.part >= 0.2
    UNION ALL BY NAME
    SELECT s.run_id, coalesce(f.name, s.function) AS function, s.function AS symbol, s.object, s.share, s.samples,
           s.file IS NOT NULL AS own, coalesce(s.file || ':' || s.line, parse_filename(s.object)) AS place, c.says || CASE WHEN c.part < 0.6 THEN ' and elsewhere' ELSE '' END AS called
    FROM sample_shares s LEFT JOIN functions f ON f.run_id = s.run_id AND f.linkage = s.function
    LEFT JOIN caller_words c ON c.run_id = s.run_id AND c.loop IS NULL AND c.function = s.function AND c.object = s.object AND c.rank = 1 AND c.part >= 0.2
    WHERE s.loop IS NULL
)
SELECT p.run_id, row_number() OVER (PARTITION BY p.run_id ORDER BY p.share DESC, p.place, p.loop, p.function) AS id,
       p.loop, p.place, p.function, p.symbol, p.object, p.own, p.called, p.share, p.samples, a.sampled, p.share * t.taken AS seconds,
       p.entries, p.iterations, p.trip_count,
       p.share * t.quickest * t.clock / nullif(p.iterations, 0) AS cycles,
       -- a core that needs less than half of what the model says, ran other code than was modelled
       CASE WHEN coalesce(cycles, 1e9) > 0.5 * p.pass_cycles / p.elements_a_pass THEN p.pass_cycles / p.elements_a_pass END AS model_cycles,
       greatest(p.work_loads / 2, p.work_stores, p.operations / 2, p.other_operations / 4, 0.25) / p.elements_a_pass AS work_cycles,
       p.lanes, greatest(p.lanes, t.target_bits / (8 * p.element_bytes)) AS lanes_possible, t.vector AS machine_bits, p.elements_a_pass, p.element_bytes,
       p.vector_width, p.unroll, p.bound, p.calls, p.machine_loop, p.vector_bits, p.instructions, p.loads, p.stores,
       p.divisions, p.branches, p.gathers, p.indexed_loads, p.atomics, p.stack_accesses, p.computed_loads, p.chased_loads, coalesce(p.row_loads, 0) AS row_loads, p.far_accesses, p.sparsity,
       CASE WHEN NOT p.in_one THEN p.stride * p.trip_count / p.elements_a_pass END AS span, CASE WHEN NOT p.in_one THEN p.stride / p.elements_a_pass END AS walked, p.moved / p.elements_a_pass AS bytes,
       t.clock, t.memory, t.l1, t.l2, t.l3
FROM places p JOIN sampled a USING (run_id) LEFT JOIN target t USING (run_id)
WHERE p.share >= 0.01
