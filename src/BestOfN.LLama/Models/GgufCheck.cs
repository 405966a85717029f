using System.Collections.Concurrent;
using BestOfN.Inputs.Gguf;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.LLama.Runtime;
using LLama.Common;
using LLama.Native;

namespace BestOfN.LLama.Models;

/// <summary>Tells what is wrong with a GGUF file before it is loaded. Thread-safe; an unchanged file is read once.</summary>
public static class GgufCheck
{
    private static readonly ConcurrentDictionary<(string Path, GgufUse Use), (DateTime Written, long Length, string? Problem)> s_known =
        new();

    /// <summary>True where the path looks like that of a GGUF file.</summary>
    public static bool IsNamed(string path) => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);

    /// <param name="path">The file.</param>
    /// <returns>Why it cannot generate; null where nothing is known against it.</returns>
    public static string? GeneratorProblem(string path) => Problem(path, GgufUse.Generation);

    /// <param name="path">A file against which nothing is known.</param>
    /// <param name="tokens">Tokens of context that it is to have.</param>
    /// <param name="isExact">Keys and values in float32.</param>
    /// <returns>Why so many do not fit into the memory of this machine; null where they do.</returns>
    public static string? ContextProblem(string path, int tokens, bool isExact)
    {
        try
        {
            var memory = GgufMemory.Of(GgufFile.Open(path), isExact, GgufModel.MostSequences);
            return memory.Problem(tokens, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <param name="path">The file.</param>
    /// <returns>Why it cannot score; null where nothing is known against it.</returns>
    public static string? RewardModelProblem(string path) => Problem(path, GgufUse.Scoring);

    /// <summary>Refuses what is no decoder of text.</summary>
    /// <exception cref="InvalidDataException">The file is none; the message names it.</exception>
    internal static void RefuseOtherKinds(GgufFile file, GgufUse use)
    {
        var name = file.Architecture;
        if (name.Length == 0)
        {
            throw new InvalidDataException($"{file.Path}: general.architecture: expected a name, found nothing.");
        }

        if (file.Text("general.type") is { } type && type != "model")
        {
            throw new InvalidDataException($"{file.Path}: general.type: expected model, found {type}.");
        }

        if (file.Number("split.count") > 1)
        {
            throw new InvalidDataException(
                $"{file.Path}: the file is one of {file.Number("split.count")} parts; put them together with llama-gguf-split --merge.");
        }

        if (file.Flag($"{name}.attention.causal") == false || name is "clip" or "t5encoder")
        {
            throw new InvalidDataException($"{file.Path}: expected a model that generates text, found one that makes embeddings ({name}).");
        }

        if (use == GgufUse.Generation && file.Number($"{name}.pooling_type") is > 0 and var pooling)
        {
            var kind = pooling == 4 ? "one that ranks texts" : "one that makes embeddings";
            throw new InvalidDataException($"{file.Path}: expected a model that generates text, found {kind} ({name}.pooling_type).");
        }

        if (file.Text("tokenizer.ggml.model") is null or "no_vocab" or "none")
        {
            throw new InvalidDataException($"{file.Path}: the file has no tokenizer.");
        }

        if (file.Text("tokenizer.chat_template") is null)
        {
            throw new InvalidDataException(
                $"{file.Path}: the file has no chat template (tokenizer.chat_template), so it cannot answer conversations.");
        }
    }

    private static string? Problem(string path, GgufUse use)
    {
        try
        {
            var info = new FileInfo(path);
            if (!info.Exists)
            {
                return $"there is no file '{path}'.";
            }

            if (s_known.TryGetValue((path, use), out var known)
                && (known.Written, known.Length) == (info.LastWriteTimeUtc, info.Length))
            {
                return known.Problem;
            }

            var problem = Read(path, use);
            s_known[(path, use)] = (info.LastWriteTimeUtc, info.Length, problem);
            return problem;
        }
        catch (LlamaException e)
        {
            return e.Message;
        }
    }

    private static string? Read(string path, GgufUse use)
    {
        try
        {
            var file = GgufFile.Open(path);
            RefuseOtherKinds(file, use);
            LlamaLibrary.Load();
            using var vocabulary = LlamaLibrary.Call(
                () => global::LLama.LLamaWeights.LoadFromFile(
                    new ModelParams(path) { VocabOnly = true, LoadMode = LLamaLoadMode.MemoryMap }),
                $"{path}: llama.cpp cannot load the file");
            ChatTemplate.FromText(
                file.Text("tokenizer.chat_template")!, $"{path}: tokenizer.chat_template",
                new GgufTokenizer(vocabulary.NativeHandle, file));
            return null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ChatTemplateException)
        {
            return e.Message;
        }
    }
}
