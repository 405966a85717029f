namespace BestOfN.Inputs.Decoding;

/// <summary>A token and its log-probability under the model itself: before penalties, temperature and filters.</summary>
internal readonly record struct TokenLogprob(int Id, float Logprob);
