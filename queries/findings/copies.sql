-- finds: time in the library for objects that are copied, inserted into, or grown: what is inlined at the call tells which
-- refuted-by: with the objects passed by reference, or room reserved, the time stays
-- source: C++ Core Guidelines, F.16 (pass by reference to const); Agner Fog, Optimizing software in C++, 9.7 (container classes)
WITH nearest AS (
    -- the program's own code that called into the library
    SELECT run_id, stack, arg_min(instruction, position) AS address FROM stack_frames WHERE own AND position > 0 AND instruction IS NOT NULL GROUP BY ALL
), called AS (
    SELECT s.run_id, l.symbol, l.object, s.count, list_transform(i.frames, lambda f: f.function) AS inlined,
           list_filter(list_prepend({'file': i.file, 'line': i.line}, list_transform(i.frames, lambda f: {'file': f.file, 'line': f.line})), lambda f: f.file NOT LIKE '/%')[1] AS spot
    FROM nearest n JOIN stacks s USING (run_id, stack) JOIN stack_frames l ON l.run_id = n.run_id AND l.stack = n.stack AND l.position = 0 AND NOT l.own
     -- what is copied takes memory; other objects (locks, streams) end in other ways
     AND regexp_matches(l.symbol, 'alloc|free|mem(cpy|move|set|cmp)|_Zn[wa]|_Zd[la]|basic_string|_M_|str(len|cpy)|madvise|arena|tcache|consolidate')
    JOIN instructions i ON i.run_id = n.run_id AND i.address = n.address
    WHERE EXISTS (FROM h WHERE h.run_id = l.run_id AND h.symbol = l.symbol AND h.object = l.object AND h.loop IS NULL)
), named AS (
    SELECT run_id, symbol, object, count, len(list_filter(inlined, lambda n: starts_with(n, '_ZStpl'))) > 0 AS sums, spot.file AS file, spot.line AS line,
           list_filter(inlined, lambda n: regexp_matches(n, '^_ZN.*(C[12]ERKS[0-9A-Z]*_|D[12]Ev)$|^_ZNSt(6vector|5deque|7__cxx1112basic_string).*(_M_insert|6insertE|_M_realloc_|_M_default_append|_M_erase|5eraseE)')
                                    AND NOT regexp_matches(n, 'alloc[a-z]*[CD][12]E'))[1] AS name
    FROM called
), typed AS (
    SELECT *, CASE WHEN sums THEN 'summed' WHEN regexp_matches(name, '_M_realloc_|_M_default_append') THEN 'grown' WHEN regexp_matches(name, 'insert|erase') THEN 'inserted'
                   WHEN regexp_matches(name, 'D[12]Ev$') THEN 'dropped' WHEN name IS NOT NULL THEN 'copied' END AS what,
           CASE WHEN contains(name, '12basic_string') THEN 'std::string' WHEN contains(name, '6vector') THEN 'std::vector' WHEN contains(name, '5deque') THEN 'std::deque'
                ELSE nullif(regexp_extract(name, '^_ZN[0-9]+([A-Za-z_][A-Za-z0-9_]*?)[CD][12]E', 1), '') END AS class
    FROM named
), places AS (
    -- what most of a place's samples are for; what is given back goes with the copies, where there are any
    SELECT h.run_id, h.id, h.called, h.share, arg_max(if(t.what = 'dropped', 'copied', t.what), t.n) AS what, arg_max(t.class, t.n) AS class, max(t.n) / sum(t.n) AS part,
           arg_max(t.what, t.n) = 'dropped' AS drops
    FROM h JOIN (SELECT run_id, symbol, object, what, class, sum(count) AS n FROM typed GROUP BY ALL) t USING (run_id, symbol, object)
    WHERE h.loop IS NULL AND NOT h.own GROUP BY ALL
    HAVING what IS NOT NULL AND part >= 0.5 AND NOT (drops AND NOT EXISTS (FROM typed c WHERE c.run_id = h.run_id AND c.what = 'copied' AND c.class IS NOT DISTINCT FROM arg_max(t.class, t.n)))
), lines AS (
    -- where most of it is called, with all that goes for memory and copying there, in the libraries and the kernel, for the loop that makes and drops the objects, and for what is called with them and waits for the copy
    SELECT a.run_id, a.id, e.part AS copying, e.part + coalesce(o.share, 0) + coalesce(w.part, 0) AS part FROM aimed a JOIN ends e ON e.run_id = a.run_id AND e.aim = a.aim AND e.caller = a.spot.caller AND e.file IS NOT DISTINCT FROM a.spot.file AND e.line IS NOT DISTINCT FROM a.spot.line
    LEFT JOIN h o ON o.run_id = e.run_id AND o.loop = e.around
    LEFT JOIN (SELECT run_id, caller, file, line, sum(count) / any_value(total) AS part FROM callers JOIN (SELECT run_id, sum(count) AS total FROM callers GROUP BY run_id) USING (run_id)
               WHERE via IS NULL AND loop IS NULL AND object <> '[kernel]' GROUP BY ALL) w ON w.run_id = e.run_id AND w.caller = e.caller AND w.file = e.file AND w.line = e.line
    WHERE a.aim = 'memory'
), growing AS (
    -- a line that puts what it had so far into the new text: s = s + x
    SELECT DISTINCT t.run_id, t.symbol, t.object FROM typed t
    JOIN (SELECT run_id, file, line, regexp_extract(text, '(\w+)\s*=[^=]', 1) AS target, regexp_extract(text, '\w+\s*=([^=].*)', 1) AS value FROM source) s ON s.run_id = t.run_id AND s.file = t.file AND s.line = t.line
    WHERE t.sums AND s.target <> '' AND regexp_matches(s.value, '\b' || s.target || '\b')
), told AS (
    SELECT places.*, symbol, g.symbol IS NOT NULL AS grows, first_value(places.id) OVER w AS head, max(lines.part) OVER w AS of_line, max(lines.copying) OVER w AS copying, sum(places.share) OVER w AS whole, first_value(places.called) OVER w AS caller
    FROM places JOIN h USING (run_id, id) LEFT JOIN lines USING (run_id, id) LEFT JOIN growing g USING (run_id, symbol, object) WINDOW w AS (PARTITION BY run_id, what, class, grows ORDER BY drops, places.id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
)
SELECT run_id, id, least(1, greatest(whole, coalesce(of_line, 0))) AS of_time, nullif(head, id) AS within, CASE WHEN what = 'summed' AND NOT grows THEN 0.75 ELSE 0.9 END AS strength, 'infinity'::DOUBLE AS part,
       CASE what WHEN 'copied' THEN 'objects of ' || coalesce(class, 'a class') || ' are copied' || CASE WHEN in_all > share THEN ', ' || printf('%.1f %%', 100 * in_all) || ' of the time in all' ELSE '' END || ': each copy asks for memory, fills it and gives it back'
                 WHEN 'summed' THEN CASE WHEN grows THEN 'each + of ' || coalesce(class || 's', 'texts') || ' makes a new one of all that there is so far' ELSE 'a new ' || coalesce(class, 'text') || ' is put together by + each time' END || CASE WHEN in_all > share THEN ', ' || printf('%.1f %%', 100 * in_all) || ' of the time in all' ELSE '' END
                 WHEN 'inserted' THEN 'each insertion into a ' || coalesce(class, 'container') || ', or erasure from it, moves everything behind the place'
                 ELSE 'a ' || coalesce(class, 'container') || ' grows, and moves all that it has to new memory each time' END || coalesce(', ' || regexp_replace(caller, ' by .* in ', ' in '), '') AS says,
       CASE what WHEN 'copied' THEN 'take it by reference (const &, std::string_view, std::span), move it, or assign to an object that is kept'
                 WHEN 'summed' THEN CASE WHEN grows THEN 'append in place: s += x for s = s + x, a part at a time, after reserve' ELSE 'append to a text that is kept (clear, then +=), so that its room is used again' END
                 WHEN 'inserted' THEN 'append, and reverse or sort once; or use what inserts where it is (std::deque in front), or mark what is erased and remove all at once'
                 ELSE 'reserve what will be needed' END AS helps, NULL AS flags,
       [{'rows': 'SELECT * FROM callers JOIN hot_places USING (run_id, object) WHERE id = ' || id || ' AND callers.function = symbol', 'says': printf('%.1f %%', 100 * share) || ' of the time'}] AS evidence
FROM (SELECT *, least(1, greatest(whole, coalesce(copying, 0))) AS in_all FROM told) WHERE whole >= 0.1
UNION ALL BY NAME
-- whole objects that the program copies itself: instructions that move a block, and memcpy of a size that is known
SELECT h.run_id, h.id, w.part AS of_time, nullif(w.head, h.id) AS within, 0.93 AS strength, 'infinity'::DOUBLE AS part,
       'objects of ' || w.bytes || ' bytes are copied by value in ' || w.places || ', ' || printf('%.1f %%', 100 * w.copying) || ' of the time in all' || CASE WHEN w.part > 1.2 * w.copying THEN ', and what comes next waits for the copy' ELSE '' END AS says,
       'pass it by reference (const &), change one object and take the change back, or keep apart what changes and is small' AS helps, NULL AS flags,
       [{'rows': 'FROM instructions JOIN address_samples USING (run_id, address) WHERE mnemonic = ''rep'' OR operands LIKE ''%<mem%''', 'says': w.bytes || ' bytes a copy'}] AS evidence
FROM h JOIN (
    WITH blocks AS (
        SELECT run_id, symbol, file, line, address, mnemonic = 'rep' AS block, CASE WHEN mnemonic = 'rep' THEN 'cx' ELSE 'dx' END AS counter,
               CASE WHEN operands LIKE 'movsq%' THEN 8 WHEN operands LIKE 'movsl%' OR operands LIKE 'movsd%' THEN 4 ELSE 1 END AS unit
        FROM instructions WHERE mnemonic = 'rep' AND operands LIKE 'movs%' OR kind = 'call' AND regexp_matches(operands, '<mem(cpy|move)[@>]')
    ), sized AS (
        -- how much is the last number that was put into the register for it
        SELECT b.run_id, b.symbol, b.file, b.line, b.address, b.block,
               arg_max(b.unit * try_cast(regexp_extract(m.operands, '^\$(0x[0-9a-f]+),', 1) AS BIGINT), m.address) AS bytes
        FROM blocks b JOIN instructions m ON m.run_id = b.run_id AND m.symbol = b.symbol AND m.address BETWEEN b.address - 64 AND b.address
         AND m.mnemonic LIKE 'mov%' AND regexp_matches(m.operands, '^\$0x[0-9a-f]+, %[er]?' || b.counter || '$')
        GROUP BY ALL HAVING bytes >= 128
    ), totals AS (
        SELECT run_id, sum(count) AS total FROM samples GROUP BY run_id
    ), own AS (
        -- what reads the copy at once waits until it is there
        SELECT z.run_id, z.file, z.line, z.bytes, s.loop, CASE WHEN s.loop IS NULL THEN s.function END AS function,
               sum(s.count) FILTER (s.address = z.address AND z.block) AS n, sum(s.count) AS behind
        FROM (FROM samples WHERE own) s ASOF JOIN sized z ON s.run_id = z.run_id AND s.address >= z.address WHERE s.address <= z.address + 64 GROUP BY ALL
    ), called AS (
        SELECT z.run_id, z.file, z.line, z.bytes, c.function, c.object, sum(c.count) AS n
        FROM (SELECT DISTINCT run_id, file, line, bytes FROM sized WHERE NOT block) z
        JOIN callers c ON c.run_id = z.run_id AND c.file = z.file AND c.line = z.line AND c.loop IS NULL AND regexp_matches(c.function, '^_*mem(cpy|move)') GROUP BY ALL
    ), every AS (
        SELECT o.run_id, p.id, o.file, o.line, o.bytes, coalesce(o.n, 0) / total AS copying, o.behind / total AS part, p.share
        FROM own o JOIN totals USING (run_id) JOIN h p ON p.run_id = o.run_id AND (p.loop = o.loop OR p.loop IS NULL AND o.loop IS NULL AND p.symbol = o.function)
        UNION ALL
        SELECT c.run_id, p.id, c.file, c.line, c.bytes, p.share * c.n / sum(c.n) OVER (PARTITION BY c.run_id, p.id), p.share * c.n / sum(c.n) OVER (PARTITION BY c.run_id, p.id), p.share
        FROM called c JOIN h p ON p.run_id = c.run_id AND p.loop IS NULL AND p.symbol = c.function AND p.object = c.object
    ), hot AS (
        SELECT run_id, id, sum(copying) AS copying, sum(part) AS part FROM every GROUP BY ALL HAVING sum(part) >= 0.4 * any_value(share)
    )
    SELECT run_id, list(DISTINCT id) AS ids, min(id) AS head, sum(e.copying) AS copying, sum(e.part) AS part, max(bytes) FILTER (e.part > 0.03) AS bytes,
           array_to_string(list_sort(list(DISTINCT e.file || ':' || e.line) FILTER (e.part > 0.03))[1:3], ' and ') AS places
    FROM every e JOIN hot USING (run_id, id) GROUP BY run_id HAVING sum(e.copying) >= 0.1
) w ON w.run_id = h.run_id AND list_contains(w.ids, h.id)
