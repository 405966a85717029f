using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using BestOfN.Inference.Folders;

namespace BestOfN.Gateway.Tests.InProcess;

/// <summary>A gateway whose models are GGUF files: llama.cpp computes, libtorch is not even loaded.</summary>
public sealed class GgufModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_gguf_file_answers_without_libtorch()
    {
        SkipElsewhere();
        Convert("model.gguf");
        Convert("judge.gguf", "pocket-reward");
        const string Settings = """
            {
              "BestOfN": {
                "ListenUrl": "http://127.0.0.1:0",
                "Models": { "m": { "Generator": "gguf", "Path": "model.gguf", "RewardModel": "judge" } },
                "RewardModels": { "judge": { "Path": "judge.gguf", "Head": "judge.head.safetensors" } }
              }
            }
            """;
        await using var gateway = GatewayProcess.Start(_folder, Settings, []);
        await gateway.SaysAsync("Try: ");
        var address = gateway.Output.Split("Ready: ")[1].Split(['\r', '\n'])[0];
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        using var response = await http.PostAsJsonAsync(
            "/v1/chat/completions",
            new
            {
                model = "m@4",
                max_tokens = 8,
                seed = 1,
                messages = new[] { new { role = "user", content = "12 + 30?" } },
                best_of_n = new { @return = "scores" },
            },
            TestGateway.Cancellation);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>(TestGateway.Cancellation);
        Assert.True(response.IsSuccessStatusCode, answer.ToString());
        Assert.InRange(answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32(), 4, 4 * 8);
        var candidates = answer.GetProperty("best_of_n").GetProperty("candidates").EnumerateArray().ToArray();
        Assert.Equal(4, candidates.Length);
        Assert.All(candidates, candidate => Assert.Equal(JsonValueKind.Number, candidate.GetProperty("score").ValueKind));
        var loaded = await File.ReadAllTextAsync($"/proc/{gateway.Id}/maps", TestGateway.Cancellation);
        Assert.Contains("libllama.so", loaded, StringComparison.Ordinal);
        Assert.DoesNotContain("torch", loaded, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task All_that_is_wrong_with_gguf_models_is_told_at_start()
    {
        SkipElsewhere();
        Convert("model.gguf");
        File.WriteAllBytes(Path.Combine(_folder, "cut.gguf"), File.ReadAllBytes(Path.Combine(_folder, "model.gguf"))[..30_000]);
        File.WriteAllText(Path.Combine(_folder, "text.gguf"), "not a model");
        await using var gateway = GatewayProcess.Start(
            _folder,
            """
            {
              "BestOfN": {
                "Strategy": "first",
                "Models": {
                  "none": { "Generator": "gguf" },
                  "absent": { "Generator": "gguf", "Path": "absent.gguf" },
                  "cut": { "Generator": "gguf", "Path": "cut.gguf" },
                  "text": { "Generator": "gguf", "Path": "text.gguf" },
                  "folder": { "Generator": "folder", "Path": "absent", "ContextTokens": 512 },
                  "odd": { "Generator": "gguf", "Path": "model.gguf", "Dtype": "bfloat16", "MaxSequences": 257, "HdNum": 1 }
                },
                "RewardModels": {
                  "headless": { "Path": "model.gguf" },
                  "odd": { "Path": "model.gguf", "Head": "text.gguf", "StepReward": "min" }
                }
              }
            }
            """,
            []);
        Assert.Equal(1, await gateway.ExitAsync());
        foreach (var problem in (string[])
            [
                "none:Path: must name a GGUF file.", $"absent:Path: there is no file '{_folder}/absent.gguf'.", "cut:Path: ", "is cut off",
                "text:Path: ", "expected a GGUF file", "odd:Dtype: must be auto or float32", "odd:MaxSequences: 257 is more than",
                "odd:HdNum: is for models that see pictures", "folder:ContextTokens: is for GGUF models only",
                "headless:Head: must name the safetensors file", "text.gguf: not a safetensors file",
                "odd:StepReward: is for model folders",
            ])
        {
            Assert.Contains(problem, gateway.Errors, StringComparison.Ordinal);
        }

        Assert.DoesNotContain("   at ", gateway.Errors, StringComparison.Ordinal);
    }

    private static void SkipElsewhere() => Assert.SkipUnless(
        OperatingSystem.IsLinux() && RuntimeInformation.OSArchitecture is Architecture.X64,
        "The package has llama.cpp for Linux x64 only.");

    private void Convert(string name, string model = "pocket-generator")
    {
        using var conversion = GgufConversion.Open(Path.Combine(AppContext.BaseDirectory, "config", "models", model), "f32");
        var path = Path.Combine(_folder, name);
        conversion.Write(path, Path.ChangeExtension(path, ".head.safetensors"), null, TestGateway.Cancellation);
    }
}
