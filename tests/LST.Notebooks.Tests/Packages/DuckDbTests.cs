using DuckDB.NET.Data;

namespace LST.Notebooks.Tests.Packages;

public class DuckDbTests
{
    [Fact]
    public void Sql_reads_run_records_as_they_lie_on_the_disk()
    {
        var folder = Directory.CreateTempSubdirectory("lst-duckdb-").FullName;
        File.WriteAllText(Path.Combine(folder, "a.json"), """{"method":"mean","summary":{"ppl":12.5},"ratios":[2,4]}""");
        File.WriteAllText(Path.Combine(folder, "b.json"), """{"method":"h2o","summary":{"ppl":11.25},"ratios":[2]}""");
        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText =
            $"select method, summary.ppl, len(ratios), count(*) over () from read_json('{folder.Replace("'", "''")}/*.json') order by summary.ppl";

        using var reader = command.ExecuteReader();

        var rows = new List<(string, double, long, long)>();
        while (reader.Read()) rows.Add((reader.GetString(0), reader.GetDouble(1), reader.GetInt64(2), reader.GetInt64(3)));
        Assert.Equal([("h2o", 11.25, 1, 2), ("mean", 12.5, 2, 2)], rows);
        Directory.Delete(folder, recursive: true);
    }
}
