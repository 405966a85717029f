using System.Buffers.Binary;
using System.Text.Json;
using BestOfN.Core.Rewards;
using BestOfN.Gateway.Errors;
using BestOfN.Gateway.Selection.Fields;

namespace BestOfN.Gateway.Rewards.Vllm;

/// <summary>vLLM's <c>/pooling</c>, and lmdeploy's route of the same name and request.</summary>
internal static class VllmPooling
{
    public static RewardCall Read(RewardExchange exchange) => exchange.Read(request =>
    {
        var fields = VllmFields.Read(request);
        var task = request.Text("task");
        if (task is not (null or "classify" or "token_classify"))
        {
            throw ApiException.Invalid($"Unsupported task: '{task}'. Supported tasks: classify, token_classify.", "task", "invalid_value");
        }

        var format = request.Text("encoding_format") ?? "float";
        var isBinary = format is "bytes" or "bytes_only";
        if (!isBinary && format is not ("float" or "base64"))
        {
            throw ApiException.Invalid($"'encoding_format' must be float, base64, bytes or bytes_only, but is '{format}'.",
                "encoding_format", "invalid_value");
        }

        var encoding = PooledNumbers.Read(request);
        var isNumber = exchange.Options.Pooling == "lmdeploy";

        // The rows of tokens, which trainers read, are rewards as they are.
        var squashes = fields.Activation ?? task is "classify";
        var inputs = VllmFields.Inputs(request, exchange.Body);
        return new RewardCall
        {
            Model = fields.Model,
            Inputs = inputs,
            Limit = fields.Limit,
            LimitField = VllmFields.LimitField,
            Reply = results => isBinary ? Bytes(results, fields, squashes, task, encoding, format) : RewardReply.Of(json =>
            {
                fields.WriteHead(json, "pool", results);
                json.WriteStartArray("data"u8);
                for (var i = 0; i < results.Rewards.Count; i++)
                {
                    json.WriteStartObject();
                    json.WriteNumber("index"u8, i);
                    json.WriteString("object"u8, "pooling");
                    json.WritePropertyName("data"u8);
                    WriteData(json, results, i, squashes, task, isNumber, format is "base64" ? encoding : null);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                results.WriteUsage(json);
                json.WriteEndObject();
            }),
        };
    });

    private static void WriteData(
        Utf8JsonWriter json, RewardResults results, int index, bool squashes, string? task, bool isNumber, PooledNumbers? encoding)
    {
        var rows = Rows(results, index, squashes, task);
        if (isNumber)
        {
            json.WriteNumberValue(rows[^1][^1]);
        }
        else if (encoding is not null)
        {
            json.WriteBase64StringValue(encoding.BytesOf(rows));
        }
        else if (task is "classify")
        {
            WriteRow(json, rows[0]);
        }
        else
        {
            json.WriteStartArray();
            foreach (var row in rows)
            {
                WriteRow(json, row);
            }

            json.WriteEndArray();
        }
    }

    /// <summary>One row with the reward; of a model that scores steps, one for each step with both probabilities.</summary>
    private static float[][] Rows(RewardResults results, int index, bool squashes, string? task)
    {
        var steps = results.Rewards[index].Steps;
        return steps.Count == 0 || task is "classify" ? [[results.Of(index, squashes)]]
            : [.. steps.Select(p => new[] { (float)(1 - p), (float)p })];
    }

    private static void WriteRow(Utf8JsonWriter json, float[] row)
    {
        json.WriteStartArray();
        foreach (var number in row)
        {
            json.WriteNumberValue(number);
        }

        json.WriteEndArray();
    }

    /// <summary>The numbers of all inputs as one body; a header says where each stands.</summary>
    private static RewardReply Bytes(
        RewardResults results, VllmFields fields, bool squashes, string? task, PooledNumbers encoding, string format)
    {
        float[][][] all = [.. Enumerable.Range(0, results.Rewards.Count).Select(i => Rows(results, i, squashes, task))];
        byte[][] parts = [.. all.Select(encoding.BytesOf)];
        var metadata = RewardReply.BytesOf(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, fields.IdOf("pool", results));
            json.WriteNumber("created"u8, results.Time.ToUnixTimeSeconds());
            json.WriteString("model"u8, results.Model);
            json.WriteStartArray("data"u8);
            var start = 0;
            for (var i = 0; i < parts.Length; i++)
            {
                json.WriteStartObject();
                json.WriteNumber("index"u8, i);
                json.WriteString("object"u8, "pooling");
                json.WriteString("embed_dtype"u8, encoding.Type);
                json.WriteString("endianness"u8, encoding.IsBigEndian ? "big" : "little");
                json.WriteNumber("start"u8, start);
                json.WriteNumber("end"u8, start += parts[i].Length);
                json.WriteStartArray("shape"u8);
                if (task is not "classify")
                {
                    json.WriteNumberValue(all[i].Length);
                }

                json.WriteNumberValue(all[i][0].Length);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndArray();
            results.WriteUsage(json);
            json.WriteEndObject();
        });
        return new RewardReply
        {
            Body = (byte[])[.. parts.SelectMany(part => part)],
            ContentType = "application/octet-stream",
            Headers = format is "bytes_only" ? [] : [("metadata", System.Text.Encoding.UTF8.GetString(metadata))],
        };
    }
}
