namespace LST.Evaluation.Records.Query;

/// <summary>
/// The tables that queries see, made from the JSON of all records. A field that a kind does not have, or has in another form, is NULL.
/// JSON is text to the engine, and each arrow reads all of it: what a record or a cell says is taken out once, before its rows are.
/// </summary>
internal static class RecordTables
{
    /// <summary>One row a record.</summary>
    public const string Records = """
        CREATE TABLE records AS SELECT
            record->>'id' AS id,
            record->>'kind' AS kind,
            TRY_CAST(record->>'created' AS TIMESTAMP) AS created,
            record->>'command' AS command,
            record->'model'->>'name' AS model,
            record->'model'->>'weights_sha256' AS weights_sha256,
            record->'text'->>'name' AS text,
            record->'text'->>'sha256' AS text_sha256,
            record->>'preset' AS preset,
            TRY_CAST(record->>'seed' AS BIGINT) AS seed,
            record->>'dtype' AS dtype,
            record->>'device' AS device,
            record->>'backend' AS backend,
            TRY_CAST(record->>'threads' AS BIGINT) AS threads,
            record->'versions'->>'commit' AS commit,
            TRY_CAST(record->'versions'->>'dirty' AS BOOLEAN) AS dirty,
            record->'versions'->>'project' AS version,
            record->'versions'->>'runtime' AS runtime,
            record->'versions'->>'libtorch' AS libtorch,
            record->'machine'->>'processor' AS processor,
            TRY_CAST(record->'machine'->>'logical_cores' AS BIGINT) AS logical_cores,
            TRY_CAST(record->>'wall_seconds' AS DOUBLE) AS wall_seconds,
            TRY_CAST(record->>'peak_memory_bytes' AS BIGINT) AS peak_memory_bytes,
            record->'options' AS options,
            record
        FROM loaded ORDER BY place
        """;

    /// <summary>One row a method and ratio of every perplexity record.</summary>
    public const string Perplexity = """
        CREATE TABLE ppl AS SELECT
            id, created, model, text, protocol, prefix, suffix, chunks, equal, seed, dtype, device,
            row->>'method' AS method,
            TRY_CAST(row->>'ratio' AS DOUBLE) AS ratio,
            TRY_CAST(row->>'ratio_effective' AS DOUBLE) AS ratio_effective,
            TRY_CAST(row->>'ppl' AS DOUBLE) AS ppl,
            TRY_CAST(row->>'ppl_over_dense' AS DOUBLE) AS ppl_over_dense,
            TRY_CAST(row->>'$.ci95[0]' AS DOUBLE) AS low,
            TRY_CAST(row->>'$.ci95[1]' AS DOUBLE) AS high,
            TRY_CAST(row->>'kept_slots_mean' AS DOUBLE) AS kept_slots,
            TRY_CAST(row->>'bytes_per_token' AS DOUBLE) AS bytes_per_token,
            TRY_CAST(row->>'dense_bytes_per_token' AS DOUBLE) AS dense_bytes_per_token,
            TRY_CAST(row->>'parameters' AS BIGINT) AS parameters,
            TRY_CAST(row->>'compress_ms_per_1k_tokens' AS DOUBLE) AS compress_ms_per_1k_tokens,
            TRY_CAST(row->>'prefill_ms_per_1k_tokens' AS DOUBLE) AS prefill_ms_per_1k_tokens,
            row->'options' AS options
        FROM (SELECT
                id, created, model, text, seed, dtype, device,
                record->>'protocol' AS protocol,
                TRY_CAST(record->>'prefix' AS BIGINT) AS prefix,
                TRY_CAST(record->>'suffix' AS BIGINT) AS suffix,
                TRY_CAST(record->>'chunks' AS BIGINT) AS chunks,
                options->>'equal' AS equal,
                unnest(record->'$.rows[*]') AS row
            FROM records WHERE kind = 'ppl')
        """;

    /// <summary>One row a cell (task, length, variant), method and ratio of every benchmark record.</summary>
    public const string Items = """
        CREATE TABLE items AS SELECT
            id, created, benchmark, mode, model, task, length, variant, metric, mean_tokens, seed, dtype, device,
            row->>'method' AS method,
            TRY_CAST(row->>'ratio' AS DOUBLE) AS ratio,
            TRY_CAST(row->>'ratio_effective' AS DOUBLE) AS ratio_effective,
            TRY_CAST(row->>'kv_entries_full' AS BIGINT) AS kv_entries_full,
            TRY_CAST(row->>'kv_entries_kept' AS BIGINT) AS kv_entries_kept,
            TRY_CAST(row->>'bytes_per_token' AS DOUBLE) AS bytes_per_token,
            TRY_CAST(row->>'compressed_items' AS BIGINT) AS compressed_items,
            TRY_CAST(row->>'score' AS DOUBLE) AS score,
            TRY_CAST(row->>'$.ci95[0]' AS DOUBLE) AS low,
            TRY_CAST(row->>'$.ci95[1]' AS DOUBLE) AS high,
            TRY_CAST(row->>'difference' AS DOUBLE) AS difference,
            TRY_CAST(row->>'$.difference_ci95[0]' AS DOUBLE) AS difference_low,
            TRY_CAST(row->>'$.difference_ci95[1]' AS DOUBLE) AS difference_high,
            TRY_CAST(row->>'p' AS DOUBLE) AS p,
            TRY_CAST(row->>'perplexity' AS DOUBLE) AS perplexity,
            TRY_CAST(row->>'perplexity_over_dense' AS DOUBLE) AS perplexity_over_dense,
            TRY_CAST(row->>'$.perplexity_over_dense_ci95[0]' AS DOUBLE) AS perplexity_low,
            TRY_CAST(row->>'$.perplexity_over_dense_ci95[1]' AS DOUBLE) AS perplexity_high,
            row->'scores' AS scores
        FROM (SELECT
                * EXCLUDE (cell),
                cell->>'task' AS task,
                TRY_CAST(cell->>'length' AS BIGINT) AS length,
                cell->>'variant' AS variant,
                cell->>'headline' AS metric,
                TRY_CAST(cell->>'mean_tokens' AS DOUBLE) AS mean_tokens,
                unnest(cell->'$.method_rows[*]') AS row
            FROM (SELECT
                    id, created, model, seed, dtype, device,
                    record->>'benchmark' AS benchmark,
                    record->>'mode' AS mode,
                    unnest(record->'$.cells[*]') AS cell
                FROM records WHERE kind = 'items'))
        """;

    /// <summary>One row a point of the development curve of every training record.</summary>
    public const string Training = """
        CREATE TABLE training AS SELECT
            id, created, model, preset, ratios, seed, dtype, parameters, step, ppl_over_dense, recall, is_candidate, is_best, ppl_over_dense_by_text, query_error
        FROM (SELECT
                id, created, model, preset, seed, dtype, ratios, parameters,
                TRY_CAST(point->>'step' AS BIGINT) AS step,
                TRY_CAST(point->'ppl_over_dense' AS MAP(VARCHAR, DOUBLE)) AS ppl_over_dense_by_text,
                exp(list_avg(list_transform(map_values(ppl_over_dense_by_text), lambda value: ln(value)))) AS ppl_over_dense,
                TRY_CAST(point->>'recall' AS DOUBLE) AS recall,
                TRY_CAST(point->>'is_candidate' AS BOOLEAN) AS is_candidate,
                TRY_CAST(point->>'query_error' AS DOUBLE) AS query_error,
                step = best_step AS is_best
            FROM (SELECT
                    id, created, model, preset, seed, dtype,
                    TRY_CAST(record->'ratios' AS DOUBLE[]) AS ratios,
                    TRY_CAST(record->>'parameters' AS BIGINT) AS parameters,
                    TRY_CAST(record->>'best_step' AS BIGINT) AS best_step,
                    unnest(record->'$.development[*]') AS point
                FROM records WHERE kind = 'training'))
        """;
}
