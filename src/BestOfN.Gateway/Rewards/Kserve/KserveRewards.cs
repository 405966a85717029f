using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Configuration;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Kserve;

/// <summary>The inference protocol of KServe and Triton, version 2, as NeMo-Aligner's trainers speak it.</summary>
internal static class KserveRewards
{
    public const string Version = "1";

    private const string Rewards = "rewards";
    private const string Exceeded = "exceeded";

    /// <summary>Its clients need the field <c>error</c>, and read nothing else.</summary>
    public static readonly RewardDialect Dialect = new(RewardDialectNames.Kserve, null, (json, description, _) =>
    {
        json.WriteStartObject();
        json.WriteString("error"u8, description.Error.Message);
        json.WriteEndObject();
    });

    /// <param name="exchange">The request.</param>
    /// <param name="name">The name of the model in the address.</param>
    /// <param name="model">The reward model that it means, as it is configured; null: the default one.</param>
    /// <param name="tellsExceeded">Whether texts that are too long are told of, and cut.</param>
    /// <param name="checkValues">Counts the JSON's values.</param>
    /// <param name="limit">Most bytes of a body.</param>
    public static RewardCall Read(RewardExchange exchange, string name, string? model, bool tellsExceeded,
        Action<ReadOnlyMemory<byte>> checkValues, long limit)
    {
        var body = KserveBody.Decompress(exchange.Body, exchange.Headers.ContentEncoding.ToString(), limit);
        var length = KserveBody.JsonLength(exchange.Headers, body.Length);
        checkValues(body[..length]);
        return RequestObject.Read(body[..length], request =>
        {
            var inputs = Inputs(KserveBody.Tensors(request, body.Span[length..]));
            string[] known = tellsExceeded ? [Rewards, Exceeded] : [Rewards];
            var outputs = Outputs(request, known);
            var id = request.Text("id");
            return new RewardCall
            {
                ConfiguredModel = model,
                Inputs = inputs,
                Limit = tellsExceeded ? new InputLimit(Cuts: true) : exchange.DefaultLimit,
                Reply = results => Reply(results, name, id, outputs),
            };
        });
    }

    private static List<UnreadInput> Inputs(IReadOnlyList<KserveTensor> tensors)
    {
        KserveTensor? Find(string name) => tensors.FirstOrDefault(tensor => tensor.Name == name);
        foreach (var stranger in tensors.Where(tensor => tensor.Name is not ("sentences" or "tokens" or "sequence_lengths" or "images")))
        {
            throw ApiException.Invalid($"There is no input '{stranger.Name}'; known are sentences, tokens, sequence_lengths and images.",
                "inputs", "invalid_value");
        }

        if (Find("sentences") is { } sentences)
        {
            return Sentences(sentences.Texts ?? throw WrongType("sentences", "BYTES"), Find("images"));
        }

        var tokens = Find("tokens");
        var lengths = Find("sequence_lengths");
        return tokens is null || lengths is null
            ? throw ApiException.Invalid("Either 'sentences', or 'tokens' with 'sequence_lengths', is required.", "inputs")
            : Sequences(tokens, lengths);
    }

    private static List<UnreadInput> Sentences(IReadOnlyList<string> sentences, KserveTensor? tensor)
    {
        var images = tensor is null ? null : tensor.Texts ?? throw WrongType("images", "BYTES");
        var each = images is null || sentences.Count == 0 ? 0 : images.Count / sentences.Count;
        if (images is not null && each * sentences.Count != images.Count)
        {
            throw ApiException.Invalid($"'images' has {images.Count} elements for {sentences.Count} sentences.", "inputs",
                "invalid_value");
        }

        return
        [
            .. sentences.Select((sentence, i) => new WrittenInput(sentence, $"sentences[{i}]")
            {
                Images = images is null ? null
                    : [.. images.Skip(i * each).Take(each).Where(url => url.Length > 0)
                        .Select(url => InputFields.Image(url, $"images[{i}]"))],
            }),
        ];
    }

    private static List<UnreadInput> Sequences(KserveTensor tokens, KserveTensor lengths)
    {
        var (ids, counts) = (tokens.Numbers ?? throw WrongType("tokens", "INT64"), lengths.Numbers
            ?? throw WrongType("sequence_lengths", "INT64"));
        if (tokens.Shape is not [var rows, var columns] || counts.Count != rows)
        {
            throw ApiException.Invalid("'tokens' must have the shape [B, T], and 'sequence_lengths' one length for each row.", "inputs",
                "invalid_value");
        }

        return [.. Enumerable.Range(0, rows).Select(row => counts[row] >= 1 && counts[row] <= columns
            ? new SentTokens([.. ids.Skip(row * columns).Take((int)counts[row]).Select(id => Id(id, row))], $"tokens[{row}]",
                MayBeActors: true)
            : throw ApiException.Invalid($"'sequence_lengths' is {counts[row]} in row {row}; it must be 1 to {columns}.", "inputs",
                "out_of_range"))];
    }

    private static int Id(long id, int row) => id is >= 0 and <= int.MaxValue ? (int)id
        : throw ApiException.Invalid($"'tokens' holds {id} in row {row}, which is no token id.", "inputs", "out_of_range");

    /// <summary>The outputs to be answered, and whether each is binary.</summary>
    private static List<(string Name, bool IsBinary)> Outputs(RequestObject request, string[] known)
    {
        var allBinary = request.Child("parameters")?.Boolean("binary_data_output") ?? false;
        if (!request.TryGet("outputs", out var outputs) || outputs.ValueKind is not JsonValueKind.Array || outputs.GetArrayLength() == 0)
        {
            return [.. known.Select(name => (name, allBinary))];
        }

        return [.. outputs.EnumerateArray().Select((element, i) =>
        {
            var output = element.ValueKind is JsonValueKind.Object ? new RequestObject(element, $"outputs[{i}]")
                : throw RequestObject.WrongType($"outputs[{i}]", "an object", element);
            var name = output.RequiredText("name");
            return known.Contains(name) ? (name, output.Child("parameters")?.Boolean("binary_data") ?? false)
                : throw ApiException.Invalid($"There is no output '{name}'; known are {string.Join(", ", known)}.", output.PathOf("name"),
                    "invalid_value");
        })];
    }

    private static RewardReply Reply(RewardResults results, string model, string? id, List<(string Name, bool IsBinary)> outputs)
    {
        using var tail = new MemoryStream();
        var head = RewardReply.BytesOf(json =>
        {
            json.WriteStartObject();
            if (id is not null)
            {
                json.WriteString("id"u8, id);
            }

            json.WriteString("model_name"u8, model);
            json.WriteString("model_version"u8, Version);
            json.WriteStartArray("outputs"u8);
            foreach (var (name, isBinary) in outputs)
            {
                WriteOutput(json, results, name, isBinary ? tail : null);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        });
        return tail.Length == 0 && !outputs.Any(output => output.IsBinary) ? new RewardReply { Body = head } : new RewardReply
        {
            Body = (byte[])[.. head, .. tail.ToArray()],
            ContentType = "application/octet-stream",
            Headers = [(KserveBody.LengthHeader, head.Length.ToString(CultureInfo.InvariantCulture))],
        };
    }

    private static void WriteOutput(Utf8JsonWriter json, RewardResults results, string name, MemoryStream? tail)
    {
        var count = results.Rewards.Count;
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("datatype"u8, name is Rewards ? "FP32" : "BOOL");
        json.WriteStartArray("shape"u8);
        json.WriteNumberValue(count);
        json.WriteNumberValue(1);
        json.WriteEndArray();
        if (tail is not null)
        {
            json.WriteStartObject("parameters"u8);
            json.WriteNumber("binary_data_size"u8, name is Rewards ? count * sizeof(float) : count);
            json.WriteEndObject();
        }
        else
        {
            json.WriteStartArray("data"u8);
        }

        for (var i = 0; i < count; i++)
        {
            WriteElement(json, results, i, name, tail);
        }

        if (tail is null)
        {
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void WriteElement(Utf8JsonWriter json, RewardResults results, int index, string name, MemoryStream? tail)
    {
        if (name is Rewards && tail is null)
        {
            json.WriteNumberValue(results.Raw(index));
        }
        else if (name is Rewards)
        {
            Span<byte> bytes = stackalloc byte[sizeof(float)];
            BinaryPrimitives.WriteSingleLittleEndian(bytes, results.Raw(index));
            tail!.Write(bytes);
        }
        else if (tail is null)
        {
            json.WriteBooleanValue(results.Rewards[index].IsCut);
        }
        else
        {
            tail.WriteByte(results.Rewards[index].IsCut ? (byte)1 : (byte)0);
        }
    }

    private static ApiException WrongType(string input, string type) =>
        ApiException.Invalid($"The input '{input}' must be of type {type}.", "inputs", "invalid_type");
}
