using System.Text;
using System.Text.Json;

namespace BestOfN.Fuzz.Mutation;

/// <summary>Spoils JSON where a reader looks at it: values become others, members go, come twice or move.</summary>
internal static class JsonMutation
{
    private static readonly byte[][] s_values =
    [
        .. ((string[])
        [
            "null", "true", "false", "0", "-1", "1", "2147483647", "2147483648", "-2147483649",
            "9223372036854775807", "9223372036854775808", "1e308", "1e999", "-0.0",
            "0.1", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"..\"", "\"/dev/zero\"",
            "\"\\u001b[2J\"", "[]", "{}", "[[]]", "[null]", "{\"a\":1,\"a\":2}", "\"😀\"",
        ]).Select(Encoding.UTF8.GetBytes),
        [(byte)'"', 0xFF, 0xC0, (byte)'"'],
        Encoding.ASCII.GetBytes(new string('[', 70) + new string(']', 70)),
        Encoding.ASCII.GetBytes(new string('[', 100_000)),
        Encoding.ASCII.GetBytes($"\"{new string('a', 100_000)}\""),
        Encoding.ASCII.GetBytes("[" + string.Join(',', Enumerable.Repeat("1", 10_000)) + "]"),
    ];

    public static byte[] Spoil(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        if (random.Next(5) == 0)
        {
            return ByteMutation.Spoil(input, others, random);
        }

        for (var rounds = 1 + random.Next(3); rounds > 0; rounds--)
        {
            input = Once(input, random);
        }

        return input;
    }

    /// <summary>One line of several is spoilt.</summary>
    public static byte[] SpoilLine(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        var lines = Encoding.UTF8.GetString(input).Split('\n');
        var i = random.Next(lines.Length);
        byte[] spoilt = Spoil(Encoding.UTF8.GetBytes(lines[i]), others, random);
        return
        [
            .. lines[..i].SelectMany(l => Encoding.UTF8.GetBytes(l + "\n")), .. spoilt, .. lines[(i + 1)..]
            .SelectMany(l => Encoding.UTF8.GetBytes("\n" + l)),
        ];
    }

    private static byte[] Once(byte[] input, Random random)
    {
        var values = Values(input);
        if (values.Count == 0)
        {
            return input;
        }

        var (start, end, name) = values[random.Next(values.Count)];
        var other = values[random.Next(values.Count)];
        return random.Next(6) switch
        {
            // The comma stays as it is: what is left is broken as often as not.
            0 when name >= 0 => [.. input[..name], .. input[Math.Min(input.Length, end + 1)..]],
            1 when name >= 0 => [.. input[..end], (byte)',', .. input[name..end], .. input[end..]],
            2 => [.. input[..start], .. input[other.Start..other.End], .. input[end..]],
            3 => [.. input[..start], (byte)'[', .. input[start..end], (byte)']', .. input[end..]],
            _ => [.. input[..start], .. s_values[random.Next(s_values.Length)], .. input[end..]],
        };
    }

    /// <summary>Where every value begins and ends, and the name before it, or -1.</summary>
    private static List<(int Start, int End, int Name)> Values(byte[] input)
    {
        var values = new List<(int, int, int)>();
        var open = new Stack<(int Start, int Name)>();
        var reader = new Utf8JsonReader(
            input, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
        var name = -1;
        try
        {
            while (reader.Read())
            {
                var start = (int)reader.TokenStartIndex;
                switch (reader.TokenType)
                {
                    case JsonTokenType.PropertyName:
                        name = start;
                        continue;
                    case JsonTokenType.StartObject or JsonTokenType.StartArray:
                        open.Push((start, name));
                        break;
                    case JsonTokenType.EndObject or JsonTokenType.EndArray:
                        var (opened, named) = open.Pop();
                        values.Add((opened, (int)reader.BytesConsumed, named));
                        break;
                    default:
                        values.Add((start, (int)reader.BytesConsumed, name));
                        break;
                }

                name = -1;
            }
        }
        catch (JsonException)
        {
            // It is broken already; what was found so far can be broken further.
        }

        return values;
    }
}
