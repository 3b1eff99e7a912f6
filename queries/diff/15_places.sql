-- purpose: what both runs spent outside loops: functions, libraries, and what the kernel did; who calls what
-- grain: function, library's function or kind of kernel work (diff_places); caller x callee (diff_calls)
-- columns: loop, function, kind, place, share_a, share_b, samples_a, samples_b, called_a, called_b; caller, callee
-- The allocator's parts are one place: which of them works differs from run to run.
CREATE TEMP TABLE place_side AS
SELECT side, kind, name, any_value(place) AS place, sum(samples)::BIGINT AS samples, sum(share) AS share,
       arg_max(called, share) AS called
FROM (SELECT s.side, h.samples, h.share, c.says || printf(', %.0f %%', 100 * c.part) AS called,
             CASE WHEN h.object = '[kernel]' THEN 'kernel' WHEN h.object = r.program THEN 'function' ELSE 'library' END AS kind,
             CASE WHEN h.object = '[kernel]' OR h.object = r.program THEN h.function
                  WHEN regexp_matches(h.function, '^(__libc_|__GI_+(libc_)?|_int_)?(c?free|malloc|calloc|realloc|memalign)(_consolidate|_usable_size|@.*)?$|^(unlink_chunk|sysmalloc|systrim|tcache_\w+|alloc_perturb|free_perturb|_Zn[wa]m|_Zd[la]Pvm?)(\.|@|$)')
                  THEN 'malloc, free'
                  -- of each library apart
                  WHEN h.function = '[unknown]' THEN parse_filename(h.object) || ' [unknown]' ELSE regexp_replace(h.function, '@.*', '') END AS name,
             CASE WHEN h.object = '[kernel]' THEN '[kernel]' WHEN h.object <> r.program THEN parse_filename(h.object)
                  ELSE h.file || ':' || h.line END AS place
      FROM sides s JOIN sample_shares h USING (run_id) JOIN runs r USING (run_id)
      LEFT JOIN caller_words c ON c.run_id = h.run_id AND c.loop IS NULL AND c.function = h.function AND c.object = h.object AND c.rank = 1
      WHERE h.loop IS NULL)
GROUP BY side, kind, name;

CREATE TEMP TABLE diff_places AS
SELECT coalesce(b.kind, a.kind) AS kind, coalesce(b.name, a.name) AS name,
       '(' || coalesce(b.kind, a.kind) || ' ' || coalesce(b.name, a.name) || ')' AS loop,
       coalesce(b.place, a.place) AS place, a.share AS share_a, b.share AS share_b,
       coalesce(a.samples, 0) AS samples_a, coalesce(b.samples, 0) AS samples_b, a.called AS called_a, b.called AS called_b
FROM (FROM place_side WHERE side = 'a') a FULL JOIN (FROM place_side WHERE side = 'b') b
  ON a.kind = b.kind AND a.name = b.name;

CREATE TEMP TABLE diff_calls AS
SELECT DISTINCT coalesce(p.loop, '(function ' || i.function || ')') AS caller, i.callee
FROM (SELECT run_id, loop, function, regexp_extract(operands, '<([^>@+]+)(@plt)?>', 1) AS callee
      FROM instructions WHERE kind IN ('call', 'jump', 'branch')) i
JOIN sides s USING (run_id)
LEFT JOIN (SELECT 'a' AS side, key_a AS key, coalesce(key_b, key_a) AS loop FROM loop_pairs
           UNION ALL SELECT 'b', key_b, key_b FROM loop_pairs) p ON p.side = s.side AND p.key = i.loop
WHERE i.callee <> '' AND i.callee <> i.function;
