using System.Text.Json;

namespace BestOfN.Gateway.Rewards.Kserve;

/// <summary>What the protocol tells of a model before it is called.</summary>
internal static class KserveModel
{
    private static readonly (string Name, string Type)[] _inputs =
        [("sentences", "BYTES"), ("tokens", "INT64"), ("sequence_lengths", "INT64")];

    /// <summary><c>/v2/models/NAME/config</c>: PyTriton's client makes its requests from it.</summary>
    public static void WriteConfig(Utf8JsonWriter json, string name, bool tellsExceeded)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("platform"u8, "");
        json.WriteString("backend"u8, "bestofn");
        json.WriteNumber("max_batch_size"u8, 9_999_999);
        json.WriteStartArray("input"u8);
        foreach (var (input, type) in _inputs)
        {
            WriteConfigTensor(json, input, type is "BYTES" ? "TYPE_STRING" : "TYPE_INT64", -1, isOptional: true);
        }

        json.WriteEndArray();
        json.WriteStartArray("output"u8);
        WriteConfigTensor(json, "rewards", "TYPE_FP32", 1);
        if (tellsExceeded)
        {
            WriteConfigTensor(json, "exceeded", "TYPE_BOOL", 1);
        }

        json.WriteEndArray();
        json.WriteStartArray("instance_group"u8);
        json.WriteEndArray();
        json.WriteStartObject("model_transaction_policy"u8);
        json.WriteBoolean("decoupled"u8, false);
        json.WriteEndObject();
        json.WriteStartObject("dynamic_batching"u8);
        json.WriteEndObject();
        json.WriteStartObject("parameters"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary><c>/v2/models/NAME</c>; shapes have the size of the batch.</summary>
    public static void WriteMetadata(Utf8JsonWriter json, string name, bool tellsExceeded)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteStartArray("versions"u8);
        json.WriteStringValue(KserveRewards.Version);
        json.WriteEndArray();
        json.WriteString("platform"u8, "bestofn");
        json.WriteStartArray("inputs"u8);
        foreach (var (input, type) in _inputs)
        {
            WriteTensor(json, input, type, -1);
        }

        json.WriteEndArray();
        json.WriteStartArray("outputs"u8);
        WriteTensor(json, "rewards", "FP32", 1);
        if (tellsExceeded)
        {
            WriteTensor(json, "exceeded", "BOOL", 1);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTensor(Utf8JsonWriter json, string name, string type, int size)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("datatype"u8, type);
        json.WriteStartArray("shape"u8);
        json.WriteNumberValue(-1);
        json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteConfigTensor(Utf8JsonWriter json, string name, string type, int size, bool isOptional = false)
    {
        json.WriteStartObject();
        json.WriteString("name"u8, name);
        json.WriteString("data_type"u8, type);
        json.WriteStartArray("dims"u8);
        json.WriteNumberValue(size);
        json.WriteEndArray();
        if (isOptional)
        {
            json.WriteBoolean("optional"u8, true);
        }

        json.WriteEndObject();
    }
}
