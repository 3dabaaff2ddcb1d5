import { OwedClaims } from '../../src/ledger/owed-claims.js';

it('owes what it lost sight of until the ledger answers again', async () => {
  const released: string[] = [];
  let answers = false;
  const owed = new OwedClaims((channel, token) => {
    if (!answers) return Promise.reject(new Error('no answer'));
    released.push(`${channel} ${token}`);
    return Promise.resolve();
  });
  await owed.unlessHeard('center', 'fine', () => Promise.resolve(1));
  await expect(owed.unlessHeard('center', 'a', () => Promise.reject(new Error('cut')))).rejects.toThrow('cut');
  await expect(owed.unlessHeard('center', 'b', () => Promise.reject(new Error('cut')))).rejects.toThrow('cut');
  await expect(owed.settle('center')).rejects.toThrow('no answer');
  await owed.settle('provincial');
  answers = true;
  await owed.settle('center');
  await owed.settle('center');
  expect(released).toEqual(['center a', 'center b']);
});
