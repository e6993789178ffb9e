using System.Collections;
using System.Globalization;
using System.Numerics;
using DuckDB.NET.Data;

namespace LST.Evaluation.Records.Query;

/// <summary>Values of the database as plain .NET values.</summary>
internal static class QueryValue
{
    public static QueryType TypeOf(Type type) => type switch
    {
        _ when type == typeof(bool) => QueryType.Truth,
        _ when type == typeof(float) || type == typeof(double) || type == typeof(decimal) => QueryType.Real,
        _ when type == typeof(BigInteger) || (type.IsPrimitive && type != typeof(char)) => QueryType.Whole,
        _ when type == typeof(DateOnly) => QueryType.Date,
        _ when type == typeof(DateTime) => QueryType.Time,
        _ when type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type) => QueryType.Nested,
        _ => QueryType.Text,
    };

    /// <exception cref="InvalidCastException">The value has no .NET form.</exception>
    public static object? Read(DuckDBDataReader reader, int column)
    {
        if (reader.IsDBNull(column)) return null;
        // A list with NULLs inside is refused by GetValue.
        return Plain(reader.GetFieldType(column) is { IsGenericType: true } list && list.GetGenericTypeDefinition() == typeof(List<>) && list.GenericTypeArguments[0] is { IsValueType: true } element
            ? NullableList(reader, column, element) : reader.GetValue(column));
    }

    private static object? NullableList(DuckDBDataReader reader, int column, Type element)
    {
        var list = typeof(List<>).MakeGenericType(typeof(Nullable<>).MakeGenericType(element));
        var read = typeof(DuckDBDataReader).GetMethod(nameof(DuckDBDataReader.GetFieldValue))!.MakeGenericMethod(list);
        return read.Invoke(reader, System.Reflection.BindingFlags.DoNotWrapExceptions, null, [column], CultureInfo.InvariantCulture);
    }

    private static object? Plain(object? value) => value switch
    {
        null or DBNull => null,
        string or bool or long or double or DateOnly or DateTime => value,
        float single => double.Parse(single.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), // 0.1 stays 0.1
        decimal exact => (double)exact,
        BigInteger big => big >= long.MinValue && big <= long.MaxValue ? (object)(long)big : big,
        ulong large => large <= long.MaxValue ? (object)(long)large : new BigInteger(large),
        sbyte or byte or short or ushort or int or uint => Convert.ToInt64(value, CultureInfo.InvariantCulture),
        TimeOnly time => time.ToString("HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture),
        Stream bytes => Hexadecimal(bytes),
        IDictionary items => items.Keys.Cast<object>().ToDictionary(key => Convert.ToString(key, CultureInfo.InvariantCulture)!, key => Plain(items[key])),
        IEnumerable items => items.Cast<object?>().Select(Plain).ToArray(),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture),
    };

    private static string Hexadecimal(Stream bytes)
    {
        using var copy = new MemoryStream();
        using (bytes) bytes.CopyTo(copy);
        return Convert.ToHexStringLower(copy.ToArray());
    }
}
