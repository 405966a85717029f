namespace BestOfN.Gateway.Rewards.Kserve;

/// <summary>One input tensor of a request.</summary>
/// <param name="Name">What it is called.</param>
/// <param name="Shape">Its sizes.</param>
/// <param name="Texts">Elements of a BYTES tensor, row-major; null: it is of numbers.</param>
/// <param name="Numbers">Elements of an INT64 tensor, row-major; null: it is of bytes.</param>
internal sealed record KserveTensor(string Name, IReadOnlyList<int> Shape, IReadOnlyList<string>? Texts, IReadOnlyList<long>? Numbers);
